"""Counters over a restore: while the exporter runs, and while it does not."""

import json
import logging
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import pytest
from libsql_client import Client
from whatsapp_exporter.collector import CollectorSurroundings
from whatsapp_exporter.collectors.database import DatabaseCollector
from whatsapp_exporter.collectors.database.config import DatabaseConfig
from whatsapp_exporter.family import AnyFamily

Samples = dict[tuple[str, ...], float]
ACCEPTED = "whatsapp_database_accepted_total"


@pytest.fixture
def path(database_url: str) -> Path:
    """The database's file."""
    return Path(database_url.removeprefix("file:"))


def add(path: Path, count: int, company: int = 7) -> None:
    """Accept notifications, as the service does."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO whatsapp_notificaciones (empresa_id, contacto_id, plantilla_id, evento)"
            " VALUES (?, 1, 1, 'e')",
            [(company,)] * count,
        )


def backup(path: Path) -> Path:
    """Keep a copy of the database as it is."""
    copy = path.with_name("backup.db")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def restore(path: Path, copy: Path) -> None:
    """Put the copy in the database's place, as whatsapp-ops restore does."""
    candidate = path.with_name("candidate.db")
    shutil.copyfile(copy, candidate)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    candidate.replace(path)


class Exporter:
    """A collector that can be ended and begun again over the same state directory."""

    def __init__(
        self, url: str, state: Path | None, flatten: Callable[[Iterable[AnyFamily]], Samples]
    ) -> None:
        self._url = url
        self._state = state
        self._flatten = flatten
        self._collector = self._new()

    async def counts(self) -> dict[str, float]:
        """By company, what is shown as accepted."""
        found = self._flatten(await self._collector.collect())
        return {key[1]: value for key, value in found.items() if key[0] == ACCEPTED}

    async def restart(self) -> None:
        """End the process and begin another."""
        await self.close()
        self._collector = self._new()

    async def close(self) -> None:
        """End."""
        await self._collector.close()

    def _new(self) -> DatabaseCollector:
        surroundings = CollectorSurroundings("", self._state, time.time, time.monotonic)
        return DatabaseCollector(DatabaseConfig(url=self._url), surroundings)


async def test_restore_while_the_exporter_runs(
    database: Client,
    database_url: str,
    path: Path,
    tmp_path: Path,
    samples: Callable[[Iterable[AnyFamily]], Samples],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await database.close()
    exporter = Exporter(database_url, tmp_path, samples)
    add(path, 5)
    assert await exporter.counts() == {"7": 5}
    copy = backup(path)
    add(path, 3)
    add(path, 2, company=42)
    assert await exporter.counts() == {"7": 8, "42": 2}
    restore(path, copy)
    with caplog.at_level(logging.WARNING):
        assert await exporter.counts() == {"7": 8, "42": 2}
    assert "counters of the database fell" in caplog.text
    add(path, 1)
    add(path, 1, company=42)
    assert await exporter.counts() == {"7": 9, "42": 3}
    await exporter.close()


async def test_restore_while_the_exporter_is_down(
    database: Client,
    database_url: str,
    path: Path,
    tmp_path: Path,
    samples: Callable[[Iterable[AnyFamily]], Samples],
) -> None:
    await database.close()
    exporter = Exporter(database_url, tmp_path, samples)
    add(path, 5)
    copy = backup(path)
    add(path, 3)
    add(path, 2, company=42)
    assert await exporter.counts() == {"7": 8, "42": 2}
    restore(path, copy)
    await exporter.restart()
    assert await exporter.counts() == {"7": 8, "42": 2}
    add(path, 4)
    await exporter.restart()
    assert await exporter.counts() == {"7": 12, "42": 2}
    restore(path, copy)
    assert await exporter.counts() == {"7": 12, "42": 2}
    await exporter.close()


async def test_without_a_directory_only_a_running_exporter_remembers(
    database: Client, database_url: str, path: Path, samples: Callable[[Iterable[AnyFamily]], Samples]
) -> None:
    await database.close()
    exporter = Exporter(database_url, None, samples)
    copy = backup(path)
    add(path, 5)
    assert await exporter.counts() == {"7": 5}
    restore(path, copy)
    assert await exporter.counts() == {"7": 5}
    await exporter.restart()
    assert await exporter.counts() == {}
    await exporter.close()


@pytest.mark.parametrize("damage", ["absent", "damaged"])
async def test_lost_file_begins_anew_with_a_warning(
    database: Client,
    database_url: str,
    path: Path,
    tmp_path: Path,
    samples: Callable[[Iterable[AnyFamily]], Samples],
    caplog: pytest.LogCaptureFixture,
    damage: str,
) -> None:
    await database.close()
    exporter = Exporter(database_url, tmp_path, samples)
    add(path, 5)
    assert await exporter.counts() == {"7": 5}
    state = tmp_path / "database-counters.state"
    if damage == "absent":
        state.unlink()
    else:
        state.write_bytes(state.read_bytes()[:-10])
    await exporter.restart()
    with caplog.at_level(logging.WARNING):
        assert await exporter.counts() == {"7": 5}
    assert "counters begin as the database has them: database-counters.state: " in caplog.text
    assert state.exists()
    await exporter.restart()
    caplog.clear()
    assert await exporter.counts() == {"7": 5}
    assert caplog.text == ""
    await exporter.close()


async def test_second_exporter_on_the_directory_shows_but_does_not_write(
    database: Client,
    database_url: str,
    path: Path,
    tmp_path: Path,
    samples: Callable[[Iterable[AnyFamily]], Samples],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await database.close()
    first, second = (Exporter(database_url, tmp_path, samples) for _ in range(2))
    add(path, 5)
    assert await first.counts() == {"7": 5}
    add(path, 1)
    assert await second.counts() == {"7": 6}
    assert await second.counts() == {"7": 6}
    assert caplog.text.count("another exporter keeps its counters in it") == 1
    assert _kept(tmp_path) == 5
    await first.close()
    assert await second.counts() == {"7": 6}  # nothing has changed, but it was not written yet
    assert _kept(tmp_path) == 6
    await second.close()


async def test_directory_that_cannot_be_written_takes_no_metric_away(
    database: Client,
    database_url: str,
    path: Path,
    tmp_path: Path,
    samples: Callable[[Iterable[AnyFamily]], Samples],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await database.close()
    exporter = Exporter(database_url, tmp_path / "later", samples)
    add(path, 5)
    assert await exporter.counts() == {"7": 5}
    assert await exporter.counts() == {"7": 5}
    assert caplog.text.count("counters are not kept") == 1
    (tmp_path / "later").mkdir()
    assert await exporter.counts() == {"7": 5}
    assert _kept(tmp_path / "later") == 5
    await exporter.close()


def _kept(directory: Path) -> int:
    """What the file has of company 7."""
    body = (directory / "database-counters.state").read_bytes().partition(b"\n")[2]
    ((_, raw, offset),) = json.loads(body)[ACCEPTED]
    return int(raw + offset)
