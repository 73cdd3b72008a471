"""Why a read gave nothing. Texts repeat nothing that Meta or a proxy sent but Meta's error code."""

from collections.abc import Mapping
from dataclasses import dataclass

from whatsapp_exporter.bounded_fetch import Answer, FetchError, json_of

TOKEN_CODES = frozenset({0, 102, 104, 190})
PERMISSION_CODES = frozenset({3, 10, *range(200, 300), 131005})
LIMIT_CODES = frozenset({4, 17, 32, 613, *range(80000, 80015), 130429})
TRANSIENT_CODES = frozenset({1, 2, 131000, 131016, 131057, 133004})
INVALID_PARAMETER = 100
UNKNOWN_ERROR = 1
HTTP_OK = 200
HTTP_TOO_MANY = 429
HTTP_SERVER_ERROR = 500
MAX_CODE = 9_999_999


class GraphReadError(Exception):
    """A read gave nothing."""


class TransientReadError(GraphReadError):
    """The same read may succeed later."""


class NoAnswerError(TransientReadError):
    """No answer, or one that cannot be read."""


class MetaFailedError(TransientReadError):
    """Meta says that the fault is its own."""


class TooMuchDataError(TransientReadError):
    """Meta wants fewer items on a page."""


class LimitedError(TransientReadError):
    """Meta allows no more reads at present. `seconds`: until it does, None when it did not say."""

    def __init__(self, message: str, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


class BudgetSpentError(TransientReadError):
    """`reads_per_hour` is used up. `seconds`: until the next read may be made."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"reads_per_hour is used up; next read in {seconds:.0f} s")
        self.seconds = seconds


class PermanentReadError(GraphReadError):
    """The same read fails until somebody changes something."""


class TokenRefusedError(PermanentReadError):
    """The token is not, or no longer, valid."""


class NotPermittedError(PermanentReadError):
    """The token is valid but lacks a permission."""


class UnknownFieldError(PermanentReadError):
    """A field that was asked for does not exist. `told`: Meta's text, to look for the field's name in it."""

    def __init__(self, message: str, told: str) -> None:
        super().__init__(message)
        self.told = told


class RefusedError(PermanentReadError):
    """Refused for another reason."""


@dataclass(frozen=True, slots=True)
class _MetaError:
    code: int
    message: str
    transient: bool


def object_of(answer: Answer) -> Mapping[str, object]:
    """Return the answer's JSON object. Raises GraphReadError for a refusal, whatever its HTTP code."""
    try:
        content = json_of(answer)
    except FetchError as error:
        if answer.code == HTTP_OK:
            raise NoAnswerError(str(error)) from error
        raise _by_http_code(answer.code) from error
    if isinstance(content, dict):
        refusal = _meta_error(content.get("error"))
        if refusal is not None:
            raise _by_meta_code(refusal)
        if answer.code == HTTP_OK:
            return content
    if answer.code != HTTP_OK:
        raise _by_http_code(answer.code)
    raise NoAnswerError("the answer is no JSON object")


def _meta_error(value: object) -> _MetaError | None:
    if not isinstance(value, dict):
        return None
    code, message = value.get("code"), value.get("message")
    if isinstance(code, bool) or not isinstance(code, int) or not 0 <= code <= MAX_CODE:
        return None
    return _MetaError(
        code, message[:1_000] if isinstance(message, str) else "", value.get("is_transient") is True
    )


def _by_meta_code(refusal: _MetaError) -> GraphReadError:
    code, told = refusal.code, refusal.message.lower()
    if code == INVALID_PARAMETER and "nonexisting field" in told:
        return UnknownFieldError(f"unknown field (code {code})", told)
    if code == UNKNOWN_ERROR and "reduce the amount of data" in told:
        return TooMuchDataError(f"too much data for one page (code {code})")
    for codes, kind, text in _KINDS:
        if code in codes:
            return kind(f"{text} (code {code})")
    if refusal.transient:
        return MetaFailedError(f"Meta failed (code {code})")
    return RefusedError(f"refused (code {code})")


_KINDS: tuple[tuple[frozenset[int], type[GraphReadError], str], ...] = (
    (TOKEN_CODES, TokenRefusedError, "token refused"),
    (LIMIT_CODES, LimitedError, "Meta's limit is reached"),
    (PERMISSION_CODES, NotPermittedError, "not permitted"),
    (TRANSIENT_CODES, MetaFailedError, "Meta failed"),
)


def _by_http_code(code: int) -> GraphReadError:
    if code == HTTP_TOO_MANY:
        return LimitedError(f"Meta's limit is reached (HTTP {code})")
    if code >= HTTP_SERVER_ERROR:
        return MetaFailedError(f"HTTP {code}")
    return RefusedError(f"HTTP {code}")
