"""Company hours (`whatsapp_configuracion_horarios`): when its contacts may be written to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from libsql_client import Client, Row
from whatsapp_database import rows

_DAYS_AHEAD: Final = 8


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """Opening hours in the company's own zone; `days` are ISO weekdays (1 is Monday).

    `end` at or before `start` means that the window ends on the next day; equal times mean the whole day.
    """

    zone: ZoneInfo
    start: time
    end: time
    days: frozenset[int]

    def next_opening(self, moment: datetime) -> datetime | None:
        """The moment itself when it is inside the hours, else the next opening (UTC); None: never open."""
        local_day = moment.astimezone(self.zone).date()
        for offset in range(-1, _DAYS_AHEAD):
            day = local_day + timedelta(days=offset)
            if day.isoweekday() not in self.days:
                continue
            closing_day = day if self.end > self.start else day + timedelta(days=1)
            opens = datetime.combine(day, self.start, self.zone).astimezone(UTC)
            closes = datetime.combine(closing_day, self.end, self.zone).astimezone(UTC)
            if moment < closes:
                return max(opens, moment.astimezone(UTC))
        return None


class HoursError(Exception):
    """A company's hours are stored in a form that cannot be used."""


async def load_hours(client: Client, empresa_id: int) -> BusinessHours | None:
    """The company's hours, or None when it has none active and may be written to at any time."""
    result = await client.execute(
        "SELECT * FROM whatsapp_configuracion_horarios WHERE empresa_id = ? AND activo = 1", (empresa_id,)
    )
    return parse_hours(result[0]) if result.rows else None


def parse_hours(row: Row) -> BusinessHours:
    """Build the hours of a row. Raises HoursError when its zone, times or days are not usable."""
    try:
        days = frozenset(int(day) for day in orjson.loads(rows.text(row, "dias")))
        return BusinessHours(
            zone=ZoneInfo(rows.text(row, "zona_horaria")),
            start=time.fromisoformat(rows.text(row, "hora_inicio")),
            end=time.fromisoformat(rows.text(row, "hora_fin")),
            days=days,
        )
    except (ValueError, TypeError, ZoneInfoNotFoundError) as error:
        raise HoursError(f"the hours of company {row['empresa_id']!r} are not usable: {error}") from error
