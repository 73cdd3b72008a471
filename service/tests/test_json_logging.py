"""Log lines in the manual's shape."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from whatsapp_service.json_logging import JsonFormatter, configure_logging, log_event, request_id, user_id
from whatsapp_service.settings import Settings


@pytest.fixture
def log_file(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    for handler in handlers:
        root.removeHandler(handler)
    configure_logging("api", settings.model_copy(update={"log_dir": tmp_path}))
    yield tmp_path / "api.log"
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_line_has_the_manuals_fields(log_file: Path) -> None:
    token = request_id.set("req_1")
    log_event(logging.getLogger("whatsapp.x"), logging.INFO, "Sent", tags=("a",), notification_id=4)
    request_id.reset(token)
    (line,) = _lines(log_file)
    assert list(line) == ["timestamp", "level", "logger", "message", "context", "tags"]
    assert line["timestamp"].endswith("Z")
    assert (line["level"], line["logger"], line["message"]) == ("INFO", "whatsapp.x", "Sent")
    assert (line["context"], line["tags"]) == ({"request_id": "req_1", "notification_id": 4}, ["a"])
    assert '"level":"INFO"' in log_file.read_text(encoding="utf-8")


def test_exceptions_stay_on_one_line(log_file: Path) -> None:
    try:
        raise ValueError("broken\nin two")
    except ValueError:
        logging.getLogger("other").exception("failed with %s", "this")
    (line,) = _lines(log_file)
    assert line["message"] == "failed with this"
    assert "ValueError: broken" in line["context"]["exception"]


def test_numbers_and_secrets_do_not_reach_the_file(log_file: Path) -> None:
    logger = logging.getLogger("whatsapp.x")
    try:
        raise ValueError("cannot send to +51987654321")
    except ValueError as error:
        logger.warning("failed for 51987654321: %s", error, exc_info=True)
        log_event(
            logger,
            logging.ERROR,
            "WHATSAPP_ERROR +51987654321",
            notification_id=456,
            valorizacion_id="987654321",
            size_bytes=987654320,
            error=error,
            detail={"to": "+51987654321", "contacto_id": 987654322, "tried": ["51987654321"]},
        )
    text = log_file.read_text(encoding="utf-8")
    assert "51987654321" not in text
    first, second = _lines(log_file)
    assert "Traceback (most recent call last)" in first["context"]["exception"]
    assert "cannot send to +51*****21" in first["context"]["exception"]
    assert second["message"] == "WHATSAPP_ERROR +51*****21"
    assert second["context"] == {
        "notification_id": 456,
        "valorizacion_id": "987654321",
        "size_bytes": 987654320,
        "error": "cannot send to +51*****21",
        "detail": {"to": "+51*****21", "contacto_id": 987654322, "tried": ["51*****21"]},
    }


def test_request_and_caller_are_told(log_file: Path) -> None:
    tokens = request_id.set("987654321-1234567890"), user_id.set("billing")
    log_event(logging.getLogger("whatsapp.x"), logging.INFO, "Served")
    request_id.reset(tokens[0])
    user_id.reset(tokens[1])
    assert _lines(log_file)[0]["context"] == {"request_id": "987654321-1234567890", "user_id": "billing"}


def test_what_json_cannot_hold_does_not_lose_the_line() -> None:
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, "odd \udcff", (), None)
    record.event_context = {"number": 2**70, "path": Path("/srv")}
    line = json.loads(JsonFormatter().format(record))
    assert (line["message"], line["context"]) == ("odd \udcff", {"number": 2**70, "path": "/srv"})


def test_rotated_file_is_opened_again(log_file: Path) -> None:
    logging.getLogger("x").info("one")
    log_file.rename(log_file.with_suffix(".1"))
    logging.getLogger("x").info("two")
    assert [line["message"] for line in _lines(log_file)] == ["two"]
