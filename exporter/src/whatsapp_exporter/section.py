"""What sections of the configuration are made of."""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
MAX_SECRET_BYTES = 10_000


def parse_duration(value: object) -> object:
    """Return seconds for `5`, `0.5`, `5s`, `500ms`, `2m`, `1h` or `1d`. Raises ValueError."""
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value.strip())
    if match is None:
        raise ValueError("a duration is a number of seconds or a number with ms, s, m, h or d")
    return float(match[1]) * _UNIT_SECONDS[match[2]]


def _http_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an http:// or https:// address")
    if parts.port == 0:  # reading it raises ValueError when it is out of range
        raise ValueError("must not have the port 0")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user or a password")
    return value


Duration = Annotated[float, BeforeValidator(parse_duration)]
Timeout = Annotated[Duration, Field(gt=0, le=120)]
Interval = Annotated[Duration, Field(ge=0, le=3600)]
HttpUrl = Annotated[str, AfterValidator(_http_address)]


class SecretFileError(Exception):
    """A file with a secret cannot be read. The text names the file only."""


def read_secret(path: Path) -> str:
    """Return the secret without the line's end. Raises SecretFileError."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_SECRET_BYTES + 1)
        secret = raw.decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretFileError(f"{path.name} cannot be read") from error
    if not secret or len(raw) > MAX_SECRET_BYTES or any(character in secret for character in "\r\n\0"):
        raise SecretFileError(f"{path.name} does not hold one line")
    return secret


class Section(BaseModel):
    """A part of the file; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CollectorConfig(Section):
    """What every collector has.

    `timeout`: seconds a run may take. `min_interval`: seconds for which a run's result is given again
    instead of asking anew (0: every scrape asks).
    """

    timeout: Timeout = 5.0
    min_interval: Interval = 0.0


class BackgroundCollectorConfig(Section):
    """A collector that asks by itself and not when scraped.

    `timeout`: seconds a run may take. `interval`: seconds from one run's start to the next's. `keep_for`:
    seconds for which the last good result is shown while later runs fail.
    """

    timeout: Timeout = 30.0
    interval: Annotated[Duration, Field(ge=1, le=86400)] = 300.0
    keep_for: Annotated[Duration, Field(ge=0, le=86400)] = 900.0
