"""Graph API errors: Meta's codes, texts and JSON shape."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorKind:
    """What Meta documents about a code.

    ``http_status`` is this simulator's choice where Meta's pages give none: clients must branch on ``code``.
    """

    title: str
    http_status: int = 400
    type: str = "OAuthException"


# Titles after https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/
ERROR_KINDS: Mapping[int, ErrorKind] = {
    0: ErrorKind("AuthException", 401),
    1: ErrorKind("An unknown error occurred", 500),
    2: ErrorKind("Service temporarily unavailable", 503),
    3: ErrorKind("Application does not have the capability to make this API call", 500),
    4: ErrorKind("Application request limit reached", 429),
    10: ErrorKind("Application does not have permission for this action", 403),
    17: ErrorKind("User request limit reached", 429),
    33: ErrorKind("Business phone number has been deleted", 400, "GraphMethodException"),
    100: ErrorKind("Invalid parameter"),
    104: ErrorKind("An access token is required to request this resource", 401),
    190: ErrorKind("Invalid OAuth access token", 401),
    200: ErrorKind("Permissions error", 403),
    368: ErrorKind("Temporarily blocked for policies violations", 403),
    803: ErrorKind("Phone number not found", 404, "GraphMethodException"),
    2500: ErrorKind("Unknown path components"),
    2635: ErrorKind("You are calling a deprecated version"),
    80007: ErrorKind("Business request limit reached for WhatsApp Business Account", 429),
    130403: ErrorKind("Recipient is blocked by the business"),
    130429: ErrorKind("Rate limit hit", 429),
    130472: ErrorKind("User's number is part of an experiment"),
    130497: ErrorKind("Business account is restricted from messaging users in this country", 403),
    131000: ErrorKind("Something went wrong", 500),
    131005: ErrorKind("Access denied", 403),
    131008: ErrorKind("Required parameter is missing"),
    131009: ErrorKind("Parameter value is not valid"),
    131016: ErrorKind("Service unavailable", 503),
    131021: ErrorKind("Recipient cannot be sender"),
    131026: ErrorKind("Message undeliverable"),
    131031: ErrorKind("Business Account locked", 403),
    131037: ErrorKind("WhatsApp provided number needs display name approval before message can be sent"),
    131042: ErrorKind("Business eligibility payment issue"),
    131045: ErrorKind("Incorrect certificate", 500),
    131047: ErrorKind("Re-engagement message"),
    131048: ErrorKind("Spam rate limit hit", 429),
    131049: ErrorKind("This message was not delivered to maintain healthy ecosystem engagement"),
    131050: ErrorKind("User has stopped marketing messages"),
    131051: ErrorKind("Unsupported message type"),
    131053: ErrorKind("Media upload error"),
    131056: ErrorKind("(Business Account, Consumer Account) pair rate limit hit", 429),
    131057: ErrorKind("Account in maintenance mode", 503),
    132000: ErrorKind("Number of parameters does not match the expected number of params"),
    132001: ErrorKind("Template name does not exist in the translation", 404),
    132005: ErrorKind("Translated text too long"),
    132007: ErrorKind("Template content policy violated"),
    132012: ErrorKind("Parameter format does not match format in the created template"),
    132015: ErrorKind("Template is paused"),
    132016: ErrorKind("Template is disabled"),
    132018: ErrorKind("There was an issue with the parameters in your template"),
    133004: ErrorKind("Server temporarily unavailable", 503),
    133010: ErrorKind("Phone number not registered"),
}

_UNDOCUMENTED = ErrorKind("Something went wrong")


def error_kind(code: int) -> ErrorKind:
    """Return what is known of a code; a neutral kind for one that is not in the table."""
    return ERROR_KINDS.get(code, _UNDOCUMENTED)


class GraphError(Exception):
    """A request refused as Meta refuses it.

    ``details`` is Meta's ``error_data.details``; ``message`` replaces the text made of code and title;
    ``explicit_status`` is the HTTP status that was asked for, None when it follows from the code.
    """

    def __init__(
        self,
        code: int,
        details: str | None = None,
        *,
        http_status: int | None = None,
        subcode: int | None = None,
        message: str | None = None,
        type_: str | None = None,
        transient: bool = False,
    ) -> None:
        kind = error_kind(code)
        super().__init__(kind.title)
        self.code = code
        self.explicit_status = http_status
        self.http_status = kind.http_status if http_status is None else http_status
        self._transient = transient
        self._details = details
        self._subcode = subcode
        self._message = f"(#{code}) {kind.title}" if message is None else message
        self._type = kind.type if type_ is None else type_

    def document(self) -> dict[str, object]:
        """Return ``{"error": {message, type, code, fbtrace_id}}``, with what else is known."""
        error: dict[str, object] = {"message": self._message, "type": self._type, "code": self.code}
        if self._subcode is not None:
            error["error_subcode"] = self._subcode
        if self._transient:
            error["is_transient"] = True
        if self._details is not None:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self._details}
        error["fbtrace_id"] = "A" + secrets.token_urlsafe(17)[:22]
        return {"error": error}


def missing_token() -> GraphError:
    """Code 104: no Authorization header."""
    return GraphError(104, message="An access token is required to request this resource")


def invalid_token() -> GraphError:
    """Code 190: a token that is not ours."""
    return GraphError(190, message="Invalid OAuth access token - Cannot parse access token")


def expired_token() -> GraphError:
    """Code 190, subcode 463: a token that once was valid."""
    return GraphError(190, subcode=463, message="Error validating access token: Session has expired")


def unknown_object(object_id: str) -> GraphError:
    """Code 100, subcode 33: POST to a node that does not exist or that the token may not see."""
    return GraphError(
        100,
        subcode=33,
        type_="GraphMethodException",
        message=(
            f"Unsupported post request. Object with ID '{object_id}' does not exist, cannot be loaded due to"
            " missing permissions, or does not support this operation."
        ),
    )
