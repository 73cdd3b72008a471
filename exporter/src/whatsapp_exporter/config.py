"""The exporter's configuration file (`--config.file`)."""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from whatsapp_database import UnsupportedUrlError, open_database

from whatsapp_exporter.yaml_file import ConfigError, load_yaml

__all__ = ["CollectorsConfig", "Config", "ConfigError", "DatabaseConfig", "HealthConfig", "load_config"]

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(value: object) -> object:
    """Return seconds for `5`, `0.5`, `5s`, `500ms`, `2m` or `1h`. Raises ValueError for another text."""
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value.strip())
    if match is None:
        raise ValueError("a duration is a number of seconds or a number with ms, s, m or h")
    return float(match[1]) * _UNIT_SECONDS[match[2]]


Timeout = Annotated[float, BeforeValidator(parse_duration), Field(gt=0, le=120)]
Interval = Annotated[float, BeforeValidator(parse_duration), Field(ge=0, le=3600)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CollectorConfig(_Section):
    """What every collector has.

    `timeout`: seconds a run may take. `min_interval`: seconds for which a run's result is given again
    instead of asking anew (0: every scrape asks).
    """

    timeout: Timeout = 5.0
    min_interval: Interval = 0.0


class HealthConfig(CollectorConfig):
    """`url`: the API's health document, `https://` or `http://` (plain HTTP is meant for loopback)."""

    url: str

    @field_validator("url")
    @classmethod
    def _http(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an http:// or https:// address")
        if parts.username is not None or parts.password is not None:
            raise ValueError("must not hold a user or a password")
        return value


class DatabaseConfig(CollectorConfig):
    """`url`: `file:/path` or a libSQL server's address. `auth_token_file`: the file with its token."""

    url: str = Field(min_length=1)
    auth_token_file: Path | None = None

    @field_validator("url")
    @classmethod
    def _supported(cls, value: str) -> str:
        if value.partition(":")[0] in {"ws", "wss"}:  # opening one of these needs the event loop
            return value
        try:
            open_database(value, read_only=True)
        except UnsupportedUrlError as error:
            raise ValueError(str(error)) from error
        return value

    def read_auth_token(self) -> str | None:
        """Return the token without the line's end. Raises ConfigError when its file cannot be read."""
        if self.auth_token_file is None:
            return None
        try:
            return self.auth_token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"auth_token_file {self.auth_token_file}: cannot be read") from error


class CollectorsConfig(_Section):
    """The collectors to run; a section that is absent leaves its collector out."""

    health: HealthConfig | None = None
    database: DatabaseConfig | None = None

    @model_validator(mode="after")
    def _at_least_one(self) -> "CollectorsConfig":
        if self.health is None and self.database is None:
            raise ValueError("at least one collector must be configured")
        return self


class Config(_Section):
    """The whole file.

    `scrape_timeout`: seconds a scrape may take when Prometheus does not say (it does, in the header
    `X-Prometheus-Scrape-Timeout-Seconds`); it also caps what Prometheus says.
    """

    collectors: CollectorsConfig
    scrape_timeout: Timeout = 30.0
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


def load_config(path: Path) -> Config:
    """Read the configuration. Raises ConfigError naming the file and the key."""
    return load_yaml(path, Config)
