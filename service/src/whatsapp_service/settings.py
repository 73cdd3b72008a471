"""The service's settings: read once from the environment, validated, secrets from files.

The table of names, defaults and units is `docs/settings.md`; the manual's own come from "Performance Tuning".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
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
_REQUIRED: Final = "is required"
_NOT_GIVEN: Final = object()


class SettingsError(Exception):
    """Settings are missing or wrong; the text is one line, `NAME: reason; NAME: reason`."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        """`problems` has the reason under each variable's name."""
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in problems.items()))
        self.problems = dict(problems)


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
    whatsapp_messages_per_second: Count = 80
    whatsapp_timeout: Seconds = 30
    whatsapp_retry_attempts: Annotated[int, Field(ge=0, le=20)] = 3
    scheduler_workers: Annotated[int, Field(ge=1, le=200)] = 2
    batch_size: Annotated[int, Field(ge=1, le=1000)] = 50
    processing_interval: Seconds = 30
    scheduler_lease_seconds: Annotated[float, Field(ge=5, allow_inf_nan=False)] = 120

    turso_database_url: Annotated[str, Field(min_length=1)] = (
        "file:/var/lib/whatsapp-notifications/notifications.db"
    )
    turso_auth_token: SecretStr | None = None
    redis_url: Annotated[str, Field(pattern=r"^(redis|rediss|unix)://[^\s@]+$")] | None = (
        "redis://127.0.0.1:6379/0"
    )
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
        """Raise SettingsError naming those of these optional settings that are not set."""
        missing = {environment_name(name): _REQUIRED for name in names if not getattr(self, name)}
        if missing:
            raise SettingsError(missing)


def environment_name(field: str) -> str:
    """The environment variable of a field; for a secret the one that names its file."""
    return f"{field.upper()}_FILE" if field in _SECRETS else field.upper()


def load_settings(environ: Mapping[str, str], *, required: Collection[str] = ()) -> Settings:
    """Read and validate the settings.

    Raises SettingsError naming every wrong variable, and of the fields `required` those that are not set.
    """
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for field in Settings.model_fields:
        name = environment_name(field)
        try:
            value = _read(field, name, environ.get(name))
        except _WrongValueError as error:
            problems[name] = str(error)
            continue
        if value is not _NOT_GIVEN:
            values[field] = value
    settings = None
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems = _reasons(error) | problems
    for field in required:
        given = values.get(field) if settings is None else getattr(settings, field)
        if not given:
            problems.setdefault(environment_name(field), _REQUIRED)
    if settings is None or problems:
        order = [environment_name(field) for field in Settings.model_fields]
        raise SettingsError({name: problems[name] for name in order if name in problems})
    return settings


class _WrongValueError(Exception):
    """Why the value of one variable cannot be used."""


def _read(field: str, name: str, value: str | None) -> Any:  # noqa: ANN401 - pydantic judges it
    if value is None:
        return _NOT_GIVEN
    if value == "" and _may_be_empty(field):
        return () if field in {"api_keys", "smtp_to"} else None
    if field == "api_keys":
        return _parse_keys(_read_secret(value))
    return _read_secret(value) if field in _SECRETS else value


def _reasons(error: ValidationError) -> dict[str, str]:
    reasons: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_input=False):
        message = re.sub(r"^Value error, ", "", problem["msg"])
        reasons.setdefault(environment_name(str(problem["loc"][0])), f"{message[:1].lower()}{message[1:]}")
    return reasons


def _may_be_empty(field: str) -> bool:
    return Settings.model_fields[field].default in (None, ()) or field in {"textfile_dir", "redis_url"}


def _read_secret(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8") as file:
            secret = file.read(_MAX_SECRET_BYTES + 1).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise _WrongValueError(f"cannot read {path}: {reason}") from error
    if not secret or len(secret) > _MAX_SECRET_BYTES:
        raise _WrongValueError(f"{path} is {'too long' if secret else 'empty'}")
    return secret


def _parse_keys(text: str) -> tuple[ApiKey, ...]:
    class _Keys(BaseModel):
        keys: tuple[ApiKey, ...]

    try:
        return _Keys.model_validate_json(f'{{"keys": {text}}}').keys
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or "file"
        raise _WrongValueError(f"{place}: {first['msg']}") from None
