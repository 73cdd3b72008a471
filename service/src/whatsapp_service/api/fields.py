"""Types of the fields that clients send: bounded, and never what the database cannot hold."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BeforeValidator, Field, StrictFloat, StrictInt, StrictStr, WrapValidator
from pydantic import ValidatorFunctionWrapHandler as Handler

LARGEST: Final = 2**63 - 1
"""SQLite's largest integer."""
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_MAX_DIGITS: Final = 19


def _digits(value: object) -> object:
    """Only plain digits of a query string: int() itself takes spaces, underscores and other scripts'."""
    if not isinstance(value, str):
        return value
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS):
        raise ValueError("must be a number")
    return int(value)


def _text_only(value: object) -> object:
    """A time is a text in JSON too; pydantic alone would take a number as seconds."""
    if not isinstance(value, str):
        raise ValueError("must be a time with its zone, such as 2026-01-02T08:00:00Z")  # noqa: TRY004 - pydantic takes ValueError
    return value


def _within_reach(value: Any, handler: Handler) -> datetime:  # noqa: ANN401 - pydantic gives what the caller gave
    """The time as UTC, moved into the years 2000 to 2199 that the calendar arithmetic can do."""
    moment: datetime = handler(value)
    try:
        return min(max(moment.astimezone(UTC), _EARLIEST), _LATEST)
    except OverflowError:
        return _EARLIEST if moment.year < _EARLIEST.year else _LATEST


Text = Annotated[StrictStr, Field(pattern=r"^[^\x00]*$")]
"""Without NUL, at which other readers of a SQLite text stop."""

Identifier = Annotated[StrictInt, Field(ge=1, le=LARGEST)]
Integer = Annotated[StrictInt, Field(ge=-LARGEST, le=LARGEST)]
Moment = Annotated[AwareDatetime, WrapValidator(_within_reach), BeforeValidator(_text_only)]

QueryInteger = Annotated[int, BeforeValidator(_digits)]
QueryIdentifier = Annotated[int, BeforeValidator(_digits), Field(ge=1, le=LARGEST)]

VariableName = Annotated[Text, Field(min_length=1, max_length=64)]
VariableValue = Annotated[Text, Field(max_length=1024)] | Integer | StrictFloat
