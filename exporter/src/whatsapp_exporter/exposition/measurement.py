"""Measures pages of many series beside Prometheus' client library: `python -m`, JSON on standard output.

Each round's families are new objects with new label tuples, and every value differs from the last round's, as
when a collector has read everything anew. Both sides get their families in their own form; the time to make
those does not count. Pages are of the text format, which the client library renders fastest, and compressed
as each side does it. Every page is compared with the client library's.
"""

import argparse
import asyncio
import gzip
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from whatsapp_exporter.exposition.client_library import ClientLibraryFamilies
from whatsapp_exporter.exposition.negotiation import Form
from whatsapp_exporter.exposition.page import PageEncoder
from whatsapp_exporter.family import Family
from whatsapp_exporter.metrics.definition import Source, gauge

_TICK_SECONDS = 0.001
_IDLE_SECONDS = 1.0
_random = random.Random(1)  # noqa: S311 - sample data, nothing secret
_VALUES: dict[str, Callable[[], float]] = {
    "counts": lambda: float(_random.randrange(100_000)),
    "fractions": lambda: _random.random() * 1000,  # 16 or 17 digits each
}


@dataclass
class Timings:
    """Seconds of each round, by the clock and of processor time of the thread."""

    elapsed: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def of(self, work: Callable[[], bytes]) -> bytes:
        """Do the work and note how long it took."""
        elapsed, processor = time.perf_counter(), time.thread_time()
        made = work()
        self.processor.append(time.thread_time() - processor)
        self.elapsed.append(time.perf_counter() - elapsed)
        return made


@dataclass
class Case:
    """What one kind of page gave; sizes in bytes, times in seconds.

    `stall` is the event loop's longest; `own_stall` without the time in which the process' threads could run
    and other processes had the processors.
    """

    families: int
    series: int
    values: str
    size: int = 0
    compressed: int = 0
    client_compressed: int = 0
    first: Timings = field(default_factory=Timings)
    changed: Timings = field(default_factory=Timings)
    equal: Timings = field(default_factory=Timings)
    client: Timings = field(default_factory=Timings)
    stall: float = 0.0
    own_stall: float = 0.0
    idle_stall: float = 0.0


class _Ticker:
    """A task that the event loop should wake every millisecond."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.longest_own = 0.0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tick while the block runs."""
        task = asyncio.create_task(self._tick())
        await asyncio.sleep(0)
        yield
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})

    async def _tick(self) -> None:
        while True:
            waited, before = _waited_for_processors(), time.perf_counter()
            await asyncio.sleep(_TICK_SECONDS)
            stall = time.perf_counter() - before - _TICK_SECONDS
            self.longest = max(self.longest, stall)
            self.longest_own = max(self.longest_own, stall - (_waited_for_processors() - waited))


def _waited_for_processors() -> float:
    """Return how long the process' threads have waited while they could run, in seconds (Linux)."""
    waited = 0
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):  # of a thread that just ended
            waited += int((task / "schedstat").read_text().split()[1])
    return waited / 1e9


def _families(number: int, series: int, values: str) -> list[Family]:
    definitions = [
        gauge(f"whatsapp_part_{one}", "messages", "Part", Source.DATABASE, "company", "template", "error")
        for one in range(number)
    ]
    value = _VALUES[values]
    return [
        Family(
            definition,
            {
                (f"Empresa {one % 300}", f"plantilla_{one % 1000}", f"error {one}"): value()
                for one in range(series // number)
            },
        )
        for definition in definitions
    ]


async def _measure(number: int, series: int, values: str, rounds: int) -> Case:
    case, encoder = Case(number, series, values), PageEncoder()
    ticker, idle = _Ticker(), _Ticker()
    for round_number in range(rounds + 1):
        families = await asyncio.to_thread(_families, number, series, values)
        library = await asyncio.to_thread(ClientLibraryFamilies, families)
        expected = b""

        def by_client_library(library: ClientLibraryFamilies = library) -> bytes:
            nonlocal expected
            expected = library.page(Form.TEXT)
            return gzip.compress(expected)

        def ours(families: list[Family] = families) -> bytes:
            return encoder.encode(families, Form.TEXT, gzip=True)

        timings = case.changed if round_number else case.first
        page = await asyncio.to_thread(timings.of, ours)
        if round_number:
            case.client_compressed = len(await asyncio.to_thread(case.client.of, by_client_library))
            if gzip.decompress(page) != expected:
                raise SystemExit("the pages differ")
            case.size, case.compressed = len(expected), len(page)
            # A page of its own, because ticking takes some of the processors' time.
            others = await asyncio.to_thread(_families, number, series, values)
            async with ticker.running():
                await asyncio.to_thread(encoder.encode, others, Form.TEXT, gzip=True)
    encoder.encode(families, Form.TEXT, gzip=True)
    again = [Family(one.definition, dict(one.samples)) for one in families]
    case.equal.of(lambda: encoder.encode(again, Form.TEXT, gzip=True))
    async with idle.running():
        await asyncio.sleep(_IDLE_SECONDS)
    case.stall, case.own_stall, case.idle_stall = ticker.longest, ticker.longest_own, idle.longest
    return case


async def _cases(series: int, rounds: int) -> list[Case]:
    numbers = (1, max(1, series // 1_000))
    return [
        await _measure(number, series, values, rounds)
        for number in dict.fromkeys(numbers)
        for values in _VALUES
    ]


def main() -> None:
    """Print an object for each kind of page."""
    parser = argparse.ArgumentParser(prog="python -m whatsapp_exporter.exposition.measurement")
    parser.add_argument("--series", type=int, default=100_000, help="on each page (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="of each kind of page (default: %(default)s)")
    options = parser.parse_args()
    cases = asyncio.run(_cases(options.series, options.rounds))
    json.dump([asdict(case) for case in cases], sys.stdout)


if __name__ == "__main__":
    main()
