"""Times that operators give and read, in their own zone."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def coming(given: datetime | time, now: datetime, zone: ZoneInfo) -> datetime:
    """The moment meant (UTC): without zone it is local; a time of day alone is the next one after `now`."""
    if isinstance(given, datetime):
        return _aware(given, zone)
    today = datetime.combine(now.astimezone(zone).date(), given, zone)
    return _aware(today if today > now else today + timedelta(days=1), zone)


def past(given: datetime | time, now: datetime, zone: ZoneInfo) -> datetime:
    """As `coming`, but a time of day alone is the last one before `now`."""
    if isinstance(given, datetime):
        return _aware(given, zone)
    today = datetime.combine(now.astimezone(zone).date(), given, zone)
    return _aware(today if today <= now else today - timedelta(days=1), zone)


def shown(moment: datetime, zone: ZoneInfo) -> str:
    """The moment for people: local time, to the second, with its zone."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def _aware(moment: datetime, zone: ZoneInfo) -> datetime:
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)
