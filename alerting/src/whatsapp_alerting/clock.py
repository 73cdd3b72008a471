"""How Alertmanager's templates write a moment in the operators' time zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_YEARS = range(2024, 2040)


def fixed_offset(timezone: str) -> int | None:
    """Return the zone's seconds east of UTC, or `None` when they change during the year.

    Alertmanager's templates learnt time zones in 0.28 and this configuration also serves 0.25, where a
    moment can only be moved by a fixed number of nanoseconds.
    """
    zone = ZoneInfo(timezone)
    offsets = {
        offset
        for year in _YEARS
        for month in range(1, 13)
        if (offset := datetime(year, month, 15, tzinfo=UTC).astimezone(zone).utcoffset()) is not None
    }
    return int(offsets.pop().total_seconds()) if len(offsets) == 1 else None


def moment(field: str, layout: str, timezone: str) -> str:
    """Return a template expression (without braces) that writes the time `field` in the zone, or in UTC."""
    offset = fixed_offset(timezone)
    if offset is None:
        return f'{field}.UTC.Format "{layout}"'
    return f'({field}.UTC.Add {offset * 1_000_000_000}).Format "{layout}"'


def zone_name(timezone: str) -> str:
    """Return the name to write beside a moment."""
    return "UTC" if fixed_offset(timezone) is None else timezone
