"""Never more reads in an hour than the configuration allows, whatever happens to the process."""

import json
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from whatsapp_exporter.collector import CollectionError, CollectorSurroundings
from whatsapp_exporter.collectors.graph import GraphCollector
from whatsapp_exporter.collectors.graph.config import GraphConfig
from whatsapp_exporter.collectors.graph.errors import BudgetSpentError
from whatsapp_exporter.collectors.graph.read_budget import ReadBudget

HOUR = 3_600.0


class Clock:
    """Moved by the test; the wall clock may be set."""

    def __init__(self) -> None:
        self.seconds = 50_000.0
        self.offset = 1_700_000_000.0

    def monotonic(self) -> float:
        return self.seconds

    def wall(self) -> float:
        return self.seconds + self.offset


def budget(clock: Clock, limit: int, file: Path | None = None) -> ReadBudget:
    """A budget of this clock."""
    return ReadBudget(limit, monotonic=clock.monotonic, wall=clock.wall, file=file)


def most_in_an_hour(times: list[float]) -> int:
    """The most of these ascending times that lie in any window of an hour."""
    window: deque[float] = deque()
    most = 0
    for moment in times:
        window.append(moment)
        while moment - window[0] >= HOUR:
            window.popleft()
        most = max(most, len(window))
    return most


@pytest.mark.slow
@given(
    limit=st.integers(1, 8),
    steps=st.lists(
        st.tuples(st.floats(0, 1_500, allow_nan=False), st.booleans(), st.integers(0, 6)), max_size=60
    ),
)
@settings(max_examples=60, deadline=None)
def test_no_hour_has_more_reads_also_with_restarts(limit: int, steps: list[tuple[float, bool, int]]) -> None:
    clock, made, waits = Clock(), list[float](), list[float]()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "reads.json"
        current = budget(clock, limit, file)
        for seconds, restart, reads in steps:
            clock.seconds += seconds
            if restart:
                current = budget(clock, limit, file)
            for _ in range(reads):
                try:
                    current.take()
                except BudgetSpentError as error:
                    waits.append(error.seconds)
                    break
                made.append(clock.seconds)
            assert current.used <= limit
    assert all(0 < seconds <= HOUR for seconds in waits)
    # The file has milliseconds.
    assert most_in_an_hour([round(moment, 2) for moment in made]) <= limit


def test_reads_come_back_after_an_hour() -> None:
    clock = Clock()
    current = budget(clock, 2)
    current.take()
    clock.seconds += 100
    current.take()
    with pytest.raises(BudgetSpentError, match="next read in 3500 s"):
        current.take()
    clock.seconds += 3_500
    current.take()
    assert current.used == 2


def test_clock_that_was_set_back_frees_nothing(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "reads.json"
    budget(clock, 1, file).take()
    clock.offset -= 10 * HOUR
    clock.seconds = 10.0  # the machine was started again
    with pytest.raises(BudgetSpentError):
        budget(clock, 1, file).take()


@pytest.mark.parametrize("content", ["", "{}", "[{}]", '["x"]', "[1e999]", "[" * 9_000, "null", "\x00"])
def test_damaged_file_costs_only_the_memory(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "reads.json"
    file.write_text(content)
    clock = Clock()
    current = budget(clock, 3, file)
    with caplog.at_level(logging.WARNING):
        current.take()
    assert 1 <= current.used <= 2
    assert len(json.loads(file.read_text())) == current.used


def test_folder_that_cannot_be_written_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    current = budget(Clock(), 3, tmp_path / "none" / "reads.json")
    for _ in range(3):
        current.take()
    with pytest.raises(BudgetSpentError):
        current.take()
    assert len(caplog.records) == 1


class Body(httpx.AsyncByteStream):
    """A body that is read as from a network."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


class Meta(httpx.AsyncBaseTransport):
    """Answers every read with nothing of use; knows when they came."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.times: list[float] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.times.append(self.now())
        document: dict[str, object] = {"id": "1", "data": []}
        if request.url.path.endswith("message_templates"):
            # Always one more page.
            after = f"c{len(self.times)}"
            document["paging"] = {"cursors": {"after": after}, "next": "https://x.example.com"}
        return httpx.Response(200, stream=Body(json.dumps(document).encode()))


class MakeConfig(Protocol):
    def __call__(self, **settings: object) -> GraphConfig: ...


@pytest.fixture
def make_config(tmp_path: Path) -> MakeConfig:
    token = tmp_path / "token"
    token.write_text("EAAG-x", encoding="ascii")

    def make(**settings: object) -> GraphConfig:
        return GraphConfig.model_validate(
            {
                "url": "http://127.0.0.1:9/v24.0",
                "phone_number_id": "1",
                "account_id": "2",
                "token_file": token,
                **settings,
            }
        )

    return make


async def test_crash_loop_stays_within_the_budget(make_config: MakeConfig, tmp_path: Path) -> None:
    clock = Clock()
    meta = Meta(clock.monotonic)
    surroundings = CollectorSurroundings("norte", tmp_path, clock.wall, clock.monotonic)
    spent: list[CollectionError] = []
    for _ in range(75):  # a start every two minutes, for two and a half hours
        collector = GraphCollector(make_config(), surroundings, transport=meta)
        try:
            await collector.collect()
        except CollectionError as error:
            if "reads_per_hour is used up" in str(error):
                spent.append(error)
        await collector.close()
        clock.seconds += 120
    assert most_in_an_hour(meta.times) == 100
    assert spent
    assert all(error.families for error in spent)
    assert (tmp_path / "graph-reads-norte.json").exists()


async def test_configured_interval_never_meets_the_budget(make_config: MakeConfig, tmp_path: Path) -> None:
    clock = Clock()
    meta = Meta(clock.monotonic)
    config = make_config()
    collector = GraphCollector(
        config, CollectorSurroundings("", tmp_path, clock.wall, clock.monotonic), transport=meta
    )
    for _ in range(40):
        with pytest.raises(CollectionError) as failed:  # what Meta says here is of no use
            await collector.collect()
        assert "used up" not in str(failed.value)
        clock.seconds += config.interval
    await collector.close()
    assert 80 < most_in_an_hour(meta.times) <= config.reads_per_hour
    assert len(meta.times) == 40 * 7


@pytest.mark.parametrize(
    ("interval", "reads", "fits"),
    [
        ("5m", 100, True),
        ("1m", 200, False),
        ("5m", 90, False),
        ("1h", 14, True),
        ("1h", 13, False),
        ("1d", 7, True),
    ],
)
def test_interval_that_takes_too_many_reads_is_refused(
    make_config: MakeConfig, interval: str, reads: int, fits: bool
) -> None:
    if fits:
        assert make_config(interval=interval, reads_per_hour=reads).reads_per_hour == reads
        return
    with pytest.raises(ValidationError, match="reads an hour, more than"):
        make_config(interval=interval, reads_per_hour=reads)
