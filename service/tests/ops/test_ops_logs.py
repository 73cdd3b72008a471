"""Reading the JSON logs and counting what the manual counts."""

import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
from whatsapp_service.ops.log_reader import LINE_LIMIT, LogEntry, LogReader
from whatsapp_service.ops.log_statistics import EndpointTime, collect_statistics

UNTIL = datetime(2025, 1, 23, 8, 0, tzinfo=UTC)
SINCE = UNTIL - timedelta(hours=24)
LIMA = ZoneInfo("America/Lima")


def _line(timestamp: str = "2025-01-23T07:00:00.000Z", *, level: str = "INFO", **fields: object) -> bytes:
    entry = {"timestamp": timestamp, "level": level, "logger": "whatsapp", "message": "m", **fields}
    return orjson.dumps(entry) + b"\n"


def _entry(message: str = "m", *, level: str = "INFO", hour: int = 7, **context: object) -> LogEntry:
    return LogEntry(datetime(2025, 1, 23, hour, tzinfo=UTC), level, message, context, ())


def test_current_and_rotated_files_are_read_compressed_too(tmp_path: Path) -> None:
    (tmp_path / "api.log").write_bytes(_line(message="now"))
    (tmp_path / "api.log.1").write_bytes(_line(message="before"))
    with gzip.open(tmp_path / "api.log.2.gz", "wb") as file:
        file.write(_line(message="long before"))
    (tmp_path / "notes.txt").write_bytes(_line(message="no log"))

    reader = LogReader(tmp_path, SINCE, UNTIL)

    assert sorted(entry.message for entry in reader.entries()) == ["before", "long before", "now"]
    assert reader.files == 3


def test_only_the_window_is_read(tmp_path: Path) -> None:
    (tmp_path / "api.log").write_bytes(
        _line("2025-01-22T07:59:59.999Z", message="too old")
        + _line("2025-01-22T08:00:00.000Z", message="first")
        + _line("2025-01-23T07:59:59.999Z", message="last")
        + _line("2025-01-23T08:00:00.000Z", message="too new")
    )

    entries = LogReader(tmp_path, SINCE, UNTIL).entries()

    assert [entry.message for entry in entries] == ["first", "last"]


def test_a_file_last_written_before_the_window_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "api.log.9"
    path.write_bytes(_line())
    os.utime(path, (0, SINCE.timestamp() - 1))
    reader = LogReader(tmp_path, SINCE, UNTIL)

    assert list(reader.entries()) == []
    assert reader.files == 0


def test_torn_and_overlong_lines_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "api.log").write_bytes(
        b'{"timestamp": "2025-01\n'
        b"plain text\n"
        b"[1, 2]\n"
        b'"just a string"\n'
        b"\n"
        + _line(message="x" * (3 * LINE_LIMIT))
        + _line(message="good")
        + _line(message="no newline at the end").rstrip(b"\n")
    )
    reader = LogReader(tmp_path, SINCE, UNTIL)

    assert [entry.message for entry in reader.entries()] == ["good", "no newline at the end"]
    assert reader.malformed == 4
    assert reader.oversized == 1


def test_a_compressed_file_cut_short_gives_what_it_has(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(_line(message=f"message {number}") for number in range(2000)))
    (tmp_path / "api.log.1.gz").write_bytes(whole[:-20])
    (tmp_path / "api.log.2.gz").write_bytes(b"no gzip at all")
    (tmp_path / "ops.log").write_bytes(_line(message="after"))
    reader = LogReader(tmp_path, SINCE, UNTIL)

    messages = [entry.message for entry in reader.entries()]

    assert "after" in messages
    assert reader.malformed == 2


def test_errors_are_counted_by_message_the_ten_most_frequent(tmp_path: Path) -> None:
    entries = [_entry(f"failure {number}", level="ERROR") for number in range(12) for _ in range(number + 1)]
    entries += [_entry("fine"), _entry("failure 11", level="CRITICAL")]

    statistics = collect_statistics(entries, LIMA)

    assert len(statistics.errors) == 10
    assert statistics.errors[0] == ("failure 11", 13)
    assert statistics.errors[-1] == ("failure 2", 3)


def test_whatsapp_errors_are_counted_by_code() -> None:
    statistics = collect_statistics(
        [
            _entry("WHATSAPP_ERROR", level="ERROR", whatsapp_error_code=131026),
            _entry("send failed", level="WARNING", whatsapp_error_code=131026),
            _entry("WHATSAPP_ERROR without code", level="ERROR"),
            _entry("database error", level="ERROR"),
        ],
        LIMA,
    )

    assert statistics.whatsapp_errors == (("131026", 2), ("UNKNOWN", 1))


def test_response_times_are_averaged_by_method_and_route() -> None:
    statistics = collect_statistics(
        [
            _entry(endpoint="GET /health", duration_ms=10),
            _entry(endpoint="GET /health", duration_ms=20.5),
            _entry(endpoint="POST /api/notifications", duration_ms=100),
            _entry(endpoint="POST /api/notifications"),
        ],
        LIMA,
    )

    assert statistics.endpoints == (
        EndpointTime("GET /health", 2, 15.25),
        EndpointTime("POST /api/notifications", 1, 100.0),
    )


def test_requests_are_counted_by_the_operators_hour() -> None:
    statistics = collect_statistics(
        [_entry(hour=hour, endpoint="GET /health", duration_ms=1) for hour in (4, 5, 5)] + [_entry(hour=5)],
        LIMA,
    )

    assert statistics.requests_by_hour == (("2025-01-22T23", 1), ("2025-01-23T00", 2))


def test_companies_are_counted_by_notifications_sent() -> None:
    statistics = collect_statistics(
        [
            _entry("Notification sent successfully", empresa_id=7),
            _entry("Notification sent successfully", empresa_id=7),
            _entry("Notification sent successfully"),
            _entry("Notification accepted", empresa_id=8),
        ],
        LIMA,
    )

    assert statistics.companies == (("7", 2), ("UNKNOWN", 1))


def test_a_flood_of_distinct_messages_is_bounded() -> None:
    entries = (_entry(f"error number {number}", level="ERROR") for number in range(10_500))

    statistics = collect_statistics(entries, LIMA)

    assert statistics.errors[0] == ("OTHER", 500)


def test_long_numbers_in_messages_are_hidden() -> None:
    statistics = collect_statistics([_entry("bad +51987654321 for 123", level="ERROR")], LIMA)

    assert statistics.errors == (("bad [number] for 123", 1),)
