"""The mean response time: of the last minutes, and the same whichever worker tells it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from whatsapp_service.api.metrics import clear_worker_files, shared_response_times
from whatsapp_service.api.response_time import ResponseTime

START = datetime(2026, 1, 2, tzinfo=UTC)


def test_it_is_of_the_last_minutes() -> None:
    mean = ResponseTime()
    assert mean.observe(START, (1.0, 10)) == 100.0
    assert mean.observe(START + timedelta(seconds=30), (1.5, 20)) == 75.0
    assert mean.observe(START + timedelta(minutes=20), (1.6, 21)) == 100.0
    assert mean.observe(START + timedelta(minutes=30), (1.6, 21)) == 0.0


def test_workers_tell_the_same(tmp_path: Path) -> None:
    first, second = (ResponseTime(tmp_path / "times.json") for _ in range(2))
    assert first.observe(START, (1.0, 10)) == second.observe(START, (1.0, 10)) == 100.0
    later = START + timedelta(minutes=4)
    assert first.observe(later, (3.0, 20)) == second.observe(later, (3.0, 20)) == 150.0
    much_later = START + timedelta(minutes=8)
    assert second.observe(much_later, (3.5, 30)) == ResponseTime(tmp_path / "times.json").observe(
        much_later, (3.5, 30)
    )


def test_samples_are_few_and_a_broken_file_starts_afresh(tmp_path: Path) -> None:
    file = tmp_path / "times.json"
    mean = ResponseTime(file)
    for second in range(600):
        mean.observe(START + timedelta(seconds=second), (second / 10, second))
    assert len(file.read_text()) < 5000
    file.write_text("[[1, 2")
    assert mean.observe(START, (1.0, 10)) == 100.0


def test_a_file_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    mean = ResponseTime(tmp_path / "absent" / "times.json")
    assert mean.observe(START, (1.0, 10)) == 100.0
    assert mean.observe(START + timedelta(seconds=20), (2.0, 20)) == 100.0


def test_a_new_start_forgets_the_samples_of_the_one_before(tmp_path: Path) -> None:
    ResponseTime(shared_response_times(tmp_path)).observe(START, (1000.0, 10))
    clear_worker_files(tmp_path)
    assert ResponseTime(shared_response_times(tmp_path)).observe(START, (1.0, 10)) == 100.0
