"""Types of the fields that clients send: bounded, and never what the database cannot hold."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BeforeValidator, Field, StrictFloat, StrictInt, StrictStr, WrapValidator
from pydantic import ValidatorFunctionWrapHandler as Handler

LARGEST: Final = 2**63 - 1
"""SQLite's largest integer."""
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_DIGITS: Final = re.compile(r"-?[0-9]{1,19}")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt].+")


def _from_digits(value: object) -> object:
    """Only plain digits of a query string: int() itself takes spaces, underscores and other scripts'."""
    if not isinstance(value, str):
        return value
    if not _DIGITS.fullmatch(value):
        raise ValueError("must be a whole number")
    return int(value)


def _whole_number(value: object) -> object:
    """JSON has one type of number: 7.0 is a whole one. A text or a truth value is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:
        raise ValueError("must be a whole number")
    return int(value)


def _written_time(value: object) -> object:
    """A time as RFC 3339 writes it; pydantic alone would take a number as seconds."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError("must be a time with its zone, such as 2026-01-02T08:00:00Z")
    return value


def _within_reach(value: Any, handler: Handler) -> datetime:  # noqa: ANN401 - pydantic gives what the caller gave
    """The time as UTC, moved into the years 2000 to 2199 that the calendar arithmetic can do."""
    moment: datetime = handler(value)
    try:
        return min(max(moment.astimezone(UTC), _EARLIEST), _LATEST)
    except OverflowError:
        return _EARLIEST if moment.year < _EARLIEST.year else _LATEST


DIGITS: Final = BeforeValidator(_from_digits)
"""For an int of a query string; stands after the Field, whose bounds the schema then shows."""
WHOLE: Final = BeforeValidator(_whole_number)
"""For an int of a JSON body; stands after the Field."""

Text = Annotated[StrictStr, Field(pattern=r"^[^\x00]*$")]
"""Without NUL, at which other readers of a SQLite text stop."""

Identifier = Annotated[int, Field(ge=1, le=LARGEST), WHOLE]
Moment = Annotated[AwareDatetime, WrapValidator(_within_reach), BeforeValidator(_written_time)]

QueryIdentifier = Annotated[int, Field(ge=1, le=LARGEST), DIGITS]

VariableName = Annotated[Text, Field(min_length=1, max_length=64)]
VariableValue = (
    Annotated[Text, Field(max_length=1024)]
    | Annotated[StrictInt, Field(ge=-LARGEST, le=LARGEST)]
    | StrictFloat
)
