"""Structured logs: one JSON object a line in the manual's shape (section "Logs y Trazabilidad")."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from typing import Final

import orjson

from whatsapp_service.masking import mask_text
from whatsapp_service.settings import Settings

request_id: Final[ContextVar[str | None]] = ContextVar("request_id", default=None)
"""The request that the current task serves; it is added to every record's context."""

user_id: Final[ContextVar[str | None]] = ContextVar("user_id", default=None)
"""Name of the API key that the current request came with; it is added to every record's context."""

_CONTEXT: Final = "event_context"
_TAGS: Final = "event_tags"
_OURS: Final = frozenset(
    {
        "request_id",
        "notification_id",
        "empresa_id",
        "contacto_id",
        "plantilla_id",
        "valorizacion_id",
    }
)
"""Ids of ours, by which lines are found: never masked, also when they are long numbers."""


class JsonFormatter(logging.Formatter):
    """Formats a record as compact JSON: timestamp, level, logger, message, context, tags.

    A net below the rule that no log line is given a phone number or a secret: the message, the texts in the
    context and tracebacks are masked (`masking.py`). Numbers that are not text are measurements and ids.
    """

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
            for name, value in given.items():
                context[name] = value if name in _OURS else _masked(value)
        if record.exc_info:
            context["exception"] = mask_text(self.formatException(record.exc_info))
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "timestamp": moment.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": mask_text(record.getMessage()),
            "context": context,
            "tags": list(getattr(record, _TAGS, ())),
        }
        try:
            return orjson.dumps(line, default=_as_text).decode()
        except (
            TypeError
        ):  # a number of more than 64 bits, text that is not Unicode: a line must not be lost for it
            return json.dumps(line, default=_as_text, separators=(",", ":"), skipkeys=True)


def _masked(value: object) -> object:
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {name: item if name in _OURS else _masked(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_masked(item) for item in value]
    return value


def _as_text(value: object) -> str:
    return mask_text(str(value))


def log_event(
    logger: logging.Logger, level: int, message: str, *, tags: tuple[str, ...] = (), **context: object
) -> None:
    """Log one event with its context.

    Never give it a phone number or a token; Meta's message ids go through `masking.mask_message_id`.
    """
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
