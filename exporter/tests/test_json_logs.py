"""Logs as JSON lines."""

import io
import json
import logging

from whatsapp_exporter.json_logs import JsonFormatter


def test_record_is_one_json_line_with_its_exception() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.Logger("whatsapp_exporter.test")
    logger.addHandler(handler)
    logger.warning('colección "%s"', "a\nb")
    logger.error("defect", exc_info=ValueError("x"))
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first["message"] == 'colección "a\nb"'
    assert (first["level"], first["logger"]) == ("WARNING", "whatsapp_exporter.test")
    assert first["timestamp"].endswith("Z")
    assert "exception" not in first
    assert "ValueError: x" in second["exception"]
