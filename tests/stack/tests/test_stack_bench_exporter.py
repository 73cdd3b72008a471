"""The benchmark of the exporter, on loads so small that only its working is tested, never its figures."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest
from whatsapp_stack.bench.exporter import shell_script
from whatsapp_stack.bench.exporter.changing_labels import ChangingLabels
from whatsapp_stack.bench.exporter.command import ExporterLoad, Part, Places, measure
from whatsapp_stack.bench.exporter.costs import Costs, together
from whatsapp_stack.bench.exporter.filled_database import filled
from whatsapp_stack.bench.exporter.imports import package_times
from whatsapp_stack.bench.exporter.scrape_cost import stack_before
from whatsapp_stack.bench.figures import Figure
from whatsapp_stack.errors import StackError

_SMALL = ExporterLoad(rows=(3_000, 4_000), rounds=2, scrapes_a_round=3, memory_scrapes=40)


async def _values(folder: Path, part: Part) -> dict[str, Figure]:
    report = await measure(Places(folder, folder, folder), {}, parts=(part,), load=_SMALL)
    return {figure.name: figure for figure in report.figures}


async def test_rows(tmp_path: Path) -> None:
    values = await _values(tmp_path, "rows")
    for name in ("database collector", "all collectors"):
        for rows in ("3,000", "4,000"):
            assert (
                0 < values[f"{name}, {rows} rows: median"].value <= values[f"{name}, {rows} rows: p99"].value
            )
        assert values[f"{name}: 4,000 rows to 3,000 rows"].target is not None


async def test_memory(tmp_path: Path) -> None:
    values = await _values(tmp_path, "memory")
    assert values["memory after the first page"].value > 20
    assert values["imports: resident after all"].value > values["imports: resident before any"].value
    assert values["memory: growth"].met is not None


async def test_shell_script_pushes_its_metrics(tmp_path: Path) -> None:
    if missing := [name for name in ("bash", "curl", "jq") if shutil.which(name) is None]:
        pytest.skip(f"{', '.join(missing)} not installed here")
    database = await filled(tmp_path, 3_000)
    async with stack_before(database, tmp_path, {}) as stack:
        costs = await shell_script.script_runs(stack, 2)
    assert len(costs.seconds) == 2
    assert costs.cpu > 0


def test_missing_commands_are_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="bash, curl, jq missing"):
        shell_script.require_commands(str(tmp_path))


async def test_labels_change_and_stay_as_many(tmp_path: Path) -> None:
    database = await filled(tmp_path, 3_000)
    queries = (
        "SELECT empresa_id FROM whatsapp_configuracion_horarios",
        "SELECT id FROM whatsapp_plantillas_mensajes",
        "SELECT DISTINCT clave FROM whatsapp_contadores WHERE dimension = 'empresa'",
        "SELECT DISTINCT clave FROM whatsapp_contadores WHERE dimension = 'error'",
    )

    def labels() -> list[set[object]]:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            return [{row[0] for row in connection.execute(query)} for query in queries]

    before, changing = labels(), ChangingLabels(database)
    for _ in range(20):
        changing.change()
    after = labels()
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert [len(found) for found in after[:3]] == [len(found) for found in before[:3]]
    assert len(after[3]) <= len(before[3]) + 40


def test_costs_of_rounds_together() -> None:
    costs = together([Costs((0.1, 0.3), 0.2), Costs((0.2, 0.4), 0.2)])
    assert costs.median == pytest.approx(0.25)
    assert costs.cpu == pytest.approx(0.1)
    names = {figure.name: figure.value for figure in costs.figures("scrape")}
    assert names == {
        "scrape: median": 250.0,
        "scrape: p90 - p10": 300.0,
        "scrape: p99": 400.0,
        "scrape: CPU": 100.0,
    }


def test_times_of_packages() -> None:
    report = """import time: self [us] | cumulative | imported package
import time:       100 |        100 |   pydantic.main
import time:        50 |        150 | pydantic
something else
import time:         7 |          7 | json
"""
    assert package_times(report) == {"pydantic": 150, "json": 7}
