"""The service's settings: read once from the environment, validated, secrets from files.

The table of names, defaults and units is `docs/settings.md`; the manual's own come from "Performance Tuning".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

Scope = Literal["operate", "read", "monitor"]
Port = Annotated[int, Field(ge=0, le=65535)]
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Days = Annotated[int, Field(ge=1)]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s/]+\S*$")]

_SECRETS: Final = frozenset(
    {
        "turso_auth_token",
        "redis_password",
        "whatsapp_access_token",
        "whatsapp_app_secret",
        "whatsapp_verify_token",
        "slack_webhook_url",
        "smtp_password",
        "api_keys",
    }
)
_MAX_SECRET_BYTES: Final = 64 * 1024


class SettingsError(Exception):
    """A setting is missing or wrong; the text is one line that begins with the variable's name."""


class ApiKey(BaseModel):
    """One client of the API: the key itself is not stored, only its SHA-256."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    scopes: frozenset[Scope]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", repr=False)]


class Settings(BaseModel):
    """Every setting under its environment name in lower case; a secret under the name without `_FILE`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    workers: Count = 4
    max_connections: Count = 1000
    keepalive_timeout: Count = 5
    request_timeout: Seconds = 30
    db_pool_size: Count = 20
    db_pool_max_overflow: Annotated[int, Field(ge=0)] = 10
    db_pool_timeout: Seconds = 30
    db_pool_recycle: Seconds = 3600
    redis_max_connections: Count = 20
    redis_timeout: Seconds = 10
    cache_ttl: Count = 300
    whatsapp_rate_limit_per_minute: Count = 1000
    whatsapp_timeout: Seconds = 30
    whatsapp_retry_attempts: Annotated[int, Field(ge=0, le=20)] = 3
    scheduler_workers: Annotated[int, Field(ge=1, le=200)] = 2
    batch_size: Annotated[int, Field(ge=1, le=1000)] = 50
    processing_interval: Seconds = 30

    turso_database_url: Annotated[str, Field(min_length=1)] = (
        "file:/var/lib/whatsapp-notifications/notifications.db"
    )
    turso_auth_token: SecretStr | None = None
    redis_url: Annotated[str, Field(pattern=r"^(redis|rediss|unix)://[^\s@]+$")] = "redis://127.0.0.1:6379/0"
    redis_password: SecretStr | None = None
    whatsapp_api_url: HttpUrl = "https://graph.facebook.com"
    whatsapp_api_version: Annotated[str, Field(pattern=r"^v\d{1,3}\.\d$")] = "v23.0"
    whatsapp_phone_number_id: Annotated[str, Field(pattern=r"^\d{1,32}$")] | None = None
    whatsapp_access_token: SecretStr | None = None
    whatsapp_app_secret: SecretStr | None = None
    whatsapp_verify_token: SecretStr | None = None
    api_keys: Annotated[tuple[ApiKey, ...], Field(repr=False)] = ()
    api_host: str = "127.0.0.1"
    api_port: Port = 8000
    scheduler_metrics_host: str = "127.0.0.1"
    scheduler_metrics_port: Port = 8001
    log_dir: Path | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    ops_language: Literal["es", "en"] = "es"
    ops_timezone: str = "America/Lima"
    backup_dir: Path = Path("/opt/backups/whatsapp-notifications")
    backup_retention_days: Days = 7
    retention_notifications_days: Days = 90
    retention_history_days: Days = 180
    retention_metrics_days: Days = 365
    retention_events_days: Days = 30
    textfile_dir: Path | None = Path("/var/lib/prometheus/node-exporter")
    slack_webhook_url: SecretStr | None = None
    smtp_host: str | None = None
    smtp_port: Port = 587
    smtp_from: str | None = None
    smtp_to: tuple[str, ...] = ()
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    prometheus_multiproc_dir: Path | None = None

    @field_validator("ops_timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("must be an IANA time zone such as America/Lima") from error
        return value

    @field_validator("smtp_to", mode="before")
    @classmethod
    def _split_addresses(cls, value: Any) -> Any:  # noqa: ANN401 - pydantic gives what the caller gave
        if isinstance(value, str):
            return tuple(address.strip() for address in value.split(",") if address.strip())
        return value

    @property
    def timezone(self) -> ZoneInfo:
        """The operators' zone: what "today", 02:00 and `fecha_metrica` mean."""
        return ZoneInfo(self.ops_timezone)

    def require(self, *names: str) -> None:
        """Raise SettingsError for the first of these optional settings that is not set."""
        for name in names:
            if not getattr(self, name):
                raise SettingsError(f"{environment_name(name)}: is required")


def environment_name(field: str) -> str:
    """The environment variable of a field; for a secret the one that names its file."""
    return f"{field.upper()}_FILE" if field in _SECRETS else field.upper()


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read and validate the settings. Raises SettingsError naming the first wrong variable."""
    values: dict[str, Any] = {}
    for field in Settings.model_fields:
        name = environment_name(field)
        value = environ.get(name)
        if value is None:
            continue
        if value == "" and _may_be_empty(field):
            values[field] = () if field in {"api_keys", "smtp_to"} else None
        elif field == "api_keys":
            values[field] = _parse_keys(name, _read_secret(name, value))
        elif field in _SECRETS:
            values[field] = _read_secret(name, value)
        else:
            values[field] = value
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = environment_name(str(first["loc"][0]))
        message = re.sub(r"^Value error, ", "", first["msg"])
        raise SettingsError(f"{name}: {message[:1].lower()}{message[1:]}") from None


def _may_be_empty(field: str) -> bool:
    return Settings.model_fields[field].default in (None, ()) or field == "textfile_dir"


def _read_secret(name: str, path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8") as file:
            secret = file.read(_MAX_SECRET_BYTES + 1).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SettingsError(f"{name}: cannot read {path}: {reason}") from error
    if not secret or len(secret) > _MAX_SECRET_BYTES:
        raise SettingsError(f"{name}: {path} is {'too long' if secret else 'empty'}")
    return secret


def _parse_keys(name: str, text: str) -> tuple[ApiKey, ...]:
    class _Keys(BaseModel):
        keys: tuple[ApiKey, ...]

    try:
        return _Keys.model_validate_json(f'{{"keys": {text}}}').keys
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or "file"
        raise SettingsError(f"{name}: {place}: {first['msg']}") from None
