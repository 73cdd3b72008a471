"""The daily report: the logs of the last hours and what the database counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from libsql_client import Client, Row
from whatsapp_database import rows
from whatsapp_database.timestamps import to_text

from whatsapp_service.ops.log_reader import LogReader
from whatsapp_service.ops.log_statistics import TOP, UNKNOWN, LogStatistics, collect_statistics

KEPT_REPORTS = timedelta(days=30)
_PREFIX = "daily_report_"


@dataclass(frozen=True, slots=True)
class DailyMetrics:
    """The notifications accepted on one local day, and what became of them."""

    date: str
    total: int
    sent: int
    delivered: int
    read: int
    errors: int


@dataclass(frozen=True, slots=True)
class DatabaseStatistics:
    """Counts from the database; pairs are (what, how many), most first."""

    states: tuple[tuple[str, int], ...]
    error_codes: tuple[tuple[str, int], ...]
    companies: tuple[tuple[str, int], ...]
    days: tuple[DailyMetrics, ...]
    company_names: dict[str, str]


@dataclass(frozen=True, slots=True)
class DailyReport:
    """All that the report says, before it is put into words."""

    since: datetime
    until: datetime
    zone: str
    hours: int
    logs: LogStatistics
    database: DatabaseStatistics
    files: int
    malformed: int
    oversized: int

    @property
    def companies(self) -> tuple[tuple[str, int], ...]:
        """Companies by notifications sent: from the logs, or the daily metrics when the logs have none."""
        return self.logs.companies or self.database.companies


async def build_report(
    client: Client, log_dir: Path | None, *, until: datetime, hours: int, zone: ZoneInfo
) -> DailyReport:
    """Read the logs (of no directory for None) and the database for the `hours` before `until`.

    Raises:
        DatabaseError, OSError: the database or a log file cannot be read.
    """
    since = until - timedelta(hours=hours)
    reader = None if log_dir is None else LogReader(log_dir, since, until)
    statistics = collect_statistics(reader.entries() if reader else (), zone)
    return DailyReport(
        since=since.astimezone(zone),
        until=until.astimezone(zone),
        zone=zone.key,
        hours=hours,
        logs=statistics,
        database=await _read_database(client, since, until, zone),
        files=reader.files if reader else 0,
        malformed=reader.malformed if reader else 0,
        oversized=reader.oversized if reader else 0,
    )


async def _read_database(
    client: Client, since: datetime, until: datetime, zone: ZoneInfo
) -> DatabaseStatistics:
    first, last = (moment.astimezone(zone).date().isoformat() for moment in (since, until))
    states = await client.execute(
        "SELECT estado AS nombre, sum(total) AS total FROM whatsapp_conteo_estados "
        "GROUP BY estado HAVING sum(total) > 0 ORDER BY 2 DESC, 1"
    )
    codes = await client.execute(
        "SELECT coalesce(CAST(codigo_error AS TEXT), ?) AS nombre, count(*) AS total "
        "FROM whatsapp_notificaciones WHERE estado = 'ERROR' AND updated_at >= ? AND updated_at < ? "
        "GROUP BY 1 ORDER BY 2 DESC, 1",
        (UNKNOWN, to_text(since), to_text(until)),
    )
    companies = await client.execute(
        "SELECT CAST(empresa_id AS TEXT) AS nombre, sum(enviadas) AS total FROM whatsapp_metricas_diarias "
        "WHERE fecha_metrica BETWEEN ? AND ? GROUP BY empresa_id HAVING sum(enviadas) > 0 "
        "ORDER BY 2 DESC, empresa_id LIMIT ?",
        (first, last, TOP),
    )
    days = await client.execute(
        "SELECT fecha_metrica, sum(total) AS total, sum(enviadas) AS enviadas, "
        "sum(entregadas) AS entregadas, sum(leidas) AS leidas, sum(errores) AS errores "
        "FROM whatsapp_metricas_diarias "
        "WHERE fecha_metrica BETWEEN ? AND ? GROUP BY fecha_metrica ORDER BY fecha_metrica",
        (first, last),
    )
    names = await client.execute("SELECT empresa_id, empresa_nombre FROM whatsapp_configuracion_horarios")
    return DatabaseStatistics(
        states=_pairs(states.rows),
        error_codes=_pairs(codes.rows),
        companies=_pairs(companies.rows),
        days=tuple(
            DailyMetrics(
                date=rows.text(row, "fecha_metrica"),
                total=rows.integer(row, "total"),
                sent=rows.integer(row, "enviadas"),
                delivered=rows.integer(row, "entregadas"),
                read=rows.integer(row, "leidas"),
                errors=rows.integer(row, "errores"),
            )
            for row in days.rows
        ),
        company_names={
            str(rows.integer(row, "empresa_id")): rows.text(row, "empresa_nombre") for row in names.rows
        },
    )


def _pairs(found: Sequence[Row]) -> tuple[tuple[str, int], ...]:
    return tuple((rows.text(row, "nombre"), rows.integer(row, "total")) for row in found)


def report_path(directory: Path, until: datetime) -> Path:
    """Where the report that ends at `until` (in the operators' zone) is kept."""
    return directory / f"{_PREFIX}{until:%Y%m%d_%H%M%S}.txt"


def prune_reports(directory: Path, *, now: datetime) -> int:
    """Delete reports that were written longer than `KEPT_REPORTS` ago; return how many.

    Raises:
        OSError: a file cannot be deleted.
    """
    oldest = (now - KEPT_REPORTS).timestamp()
    old = [path for path in directory.glob(f"{_PREFIX}*.txt") if path.stat().st_mtime < oldest]
    for path in old:
        path.unlink()
    return len(old)
