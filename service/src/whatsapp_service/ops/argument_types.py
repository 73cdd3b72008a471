"""Values of the command line: a function takes the text and returns the value, or says what it should be."""

import argparse
import re
from datetime import datetime, time, timedelta

from whatsapp_service.ops.backup_archive import TIMESTAMP_PATTERN

_DURATION = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_MAX_ID = 2**63 - 1


def backup_timestamp(text: str) -> str:
    """The time in a backup's name."""
    if TIMESTAMP_PATTERN.fullmatch(text) is None:
        raise argparse.ArgumentTypeError("YYYYMMDD_HHMMSS")
    return text


def hours(text: str) -> int:
    """Hours of a report."""
    return _integer(text, 1, 168)


def region(text: str) -> str:
    """An ISO country code."""
    if len(text) != 2 or not text.isascii() or not text.isalpha():
        raise argparse.ArgumentTypeError("PE, MX, ...")
    return text.upper()


def identifier(text: str) -> int:
    """The id of a row."""
    return _integer(text, 1, _MAX_ID)


def many(text: str) -> int:
    """How many rows at most."""
    return _integer(text, 1, 1_000_000)


def error_code(text: str) -> int:
    """One of Meta's error codes."""
    return _integer(text, 0, 10_000_000)


def duration(text: str) -> timedelta:
    """A length of time: ``90s``, ``30m``, ``2h``, ``1d12h``."""
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        raise argparse.ArgumentTypeError("90s, 30m, 2h, 1d12h")
    days, whole_hours, minutes, seconds = (int(part or 0) for part in found.groups())
    length = timedelta(days=days, hours=whole_hours, minutes=minutes, seconds=seconds)
    if not length:
        raise argparse.ArgumentTypeError("> 0")
    return length


def moment(text: str) -> datetime | time:
    """A time: ISO, with or without zone, or ``HH:MM`` alone; the command knows the operators' zone."""
    found = _TIME.fullmatch(text)
    if found is not None:
        return time(int(found[1]), int(found[2]))
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("YYYY-MM-DDTHH:MM, HH:MM") from None


def _integer(text: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 19 or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{least}..{most}" if most < _MAX_ID else f">= {least}")
    return int(text)
