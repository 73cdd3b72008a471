"""What the database answered, read with types: a damaged or foreign database may answer anything."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from libsql_client import ResultSet, Row

from whatsapp_exporter.collectors.database.queries import Query

MAX_COUNT = 2**53
"""Prometheus' numbers hold every integer up to this one."""
MAX_TEXT = 120
"""Characters of a name that are shown."""
UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"


class AnswerError(Exception):
    """An answer is not what its query asks for. The text names the query, and nothing of the answer."""


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a query's answer. Every method raises AnswerError."""

    query: Query
    row: Row

    def count(self, column: str) -> int:
        """Return an integer from 0 to MAX_COUNT."""
        value = self.integer(column)
        if not 0 <= value <= MAX_COUNT:
            raise self.wrong(column, "is out of range")
        return value

    def integer(self, column: str) -> int:
        """Return an integer of at most MAX_COUNT, negative or not."""
        value = self._value(column)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong(column, "is not an integer")
        if abs(value) > MAX_COUNT:
            raise self.wrong(column, "is out of range")
        return value

    def number(self, column: str) -> float:
        """Return a finite number that is not negative."""
        value = self._value(column)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self.wrong(column, "is not a number")
        try:
            number = float(value)
        except OverflowError as error:
            raise self.wrong(column, "is out of range") from error
        if not math.isfinite(number) or number < 0:
            raise self.wrong(column, "is out of range")
        return number

    def text(self, column: str) -> str:
        """Return text as it is stored."""
        value = self._value(column)
        if not isinstance(value, str):
            raise self.wrong(column, "is not text")
        return value

    def shown(self, column: str) -> str:
        """Return text that can be a label's value: one line of at most MAX_TEXT printable characters."""
        line = " ".join(self.text(column)[: 10 * MAX_TEXT].split())[:MAX_TEXT]
        if line.isprintable():
            return line
        return "".join(character if character.isprintable() else UNPRINTABLE for character in line)

    def moment(self, column: str) -> datetime:
        """Return a stored time; one without a zone (`datetime('now')` of SQLite) is UTC."""
        stored = self.text(column)
        try:
            moment = datetime.fromisoformat(stored)
        except ValueError as error:
            raise self.wrong(column, "is not a time") from error
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)

    def is_null(self, column: str) -> bool:
        """Return whether nothing is stored."""
        return self._value(column) is None

    def wrong(self, column: str, what: str) -> AnswerError:
        """Return the error that says what is wrong with the column."""
        return AnswerError(f"{self.query.name}: {column} {what}")

    def _value(self, column: str) -> object:
        try:
            value: object = self.row[column]
        except LookupError as error:
            raise self.wrong(column, "is missing") from error
        return value


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of one snapshot, taken at `now`."""

    results: Mapping[Query, ResultSet]
    now: datetime

    def rows(self, query: Query) -> Sequence[Record]:
        """Return the rows that the query gave."""
        return [Record(query, row) for row in self.results[query]]

    def row(self, query: Query) -> Record:
        """Return the one row that the query always gives. Raises AnswerError."""
        rows = self.rows(query)
        if len(rows) != 1:
            raise AnswerError(f"{query.name}: {len(rows)} rows instead of one")
        return rows[0]

    def age(self, record: Record, column: str) -> float:
        """Return the seconds since the stored time; 0 when there is none or it is to come."""
        if record.is_null(column):
            return 0.0
        return max(0.0, (self.now - record.moment(column)).total_seconds())
