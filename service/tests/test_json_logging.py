"""Log lines in the manual's shape."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from whatsapp_service.json_logging import configure_logging, log_event, request_id
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


def test_rotated_file_is_opened_again(log_file: Path) -> None:
    logging.getLogger("x").info("one")
    log_file.rename(log_file.with_suffix(".1"))
    logging.getLogger("x").info("two")
    assert [line["message"] for line in _lines(log_file)] == ["two"]
