"""Structured logs: one JSON object a line in the manual's shape (section "Logs y Trazabilidad")."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from typing import Final

import orjson

from whatsapp_service.settings import Settings

request_id: Final[ContextVar[str | None]] = ContextVar("request_id", default=None)
"""The request that the current task serves; it is added to every record's context."""

user_id: Final[ContextVar[str | None]] = ContextVar("user_id", default=None)
"""Name of the API key that the current request came with; it is added to every record's context."""

_CONTEXT: Final = "event_context"
_TAGS: Final = "event_tags"


class JsonFormatter(logging.Formatter):
    """Formats a record as compact JSON: timestamp, level, logger, message, context, tags."""

    def format(self, record: logging.LogRecord) -> str:
        context: dict[str, object] = {}
        current = request_id.get()
        if current is not None:
            context["request_id"] = current
        user = user_id.get()
        if user is not None:
            context["user_id"] = user
        given = getattr(record, _CONTEXT, None)
        if isinstance(given, Mapping):
            context.update(given)
        if record.exc_info:
            context["exception"] = self.formatException(record.exc_info)
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "timestamp": moment.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "context": context,
            "tags": list(getattr(record, _TAGS, ())),
        }
        return orjson.dumps(line, default=str).decode()


def log_event(
    logger: logging.Logger, level: int, message: str, *, tags: tuple[str, ...] = (), **context: object
) -> None:
    """Log one event with its context. Never give it a phone number or a token."""
    logger.log(level, message, extra={_CONTEXT: context, _TAGS: tags})


def configure_logging(name: str, settings: Settings) -> None:
    """Send all logs to `LOG_DIR/<name>.log`, which logrotate may move, or to stdout without LOG_DIR."""
    handler: logging.Handler
    if settings.log_dir is None:
        handler = logging.StreamHandler(sys.stdout)
    else:
        handler = WatchedFileHandler(settings.log_dir / f"{name}.log", encoding="utf-8")
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    for noisy in ("httpx", "httpcore"):  # they log whole URLs at INFO
        logging.getLogger(noisy).setLevel(logging.WARNING)
