"""The counters that the database keeps (`whatsapp_contadores`)."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache

from whatsapp_exporter.collectors.database import queries
from whatsapp_exporter.collectors.database.answers import MAX_COUNT, AnswerError, Answers, Record
from whatsapp_exporter.family import Family, LabelValues, family
from whatsapp_exporter.label_value import label_value
from whatsapp_exporter.metrics.definition import MetricDefinition

ReadKey = Callable[[str], LabelValues]
"""From `clave` to label values. Raises ValueError for what cannot be a key."""

_ID = re.compile(r"-?[0-9]{1,19}")
_COUNTRY = re.compile(r"[A-Z]{2}")
UNKNOWN_COUNTRY = "ZZ"
COLUMNS = ("nombre", "dimension", "clave", "valor")
"""Of the query, in its order."""
KEYS_REMEMBERED = 4096


class Counters:
    """Values by name, dimension and key."""

    def __init__(self, answers: Answers) -> None:
        """Read them all. Raises AnswerError."""
        self._values: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
        for name, dimension, key, value in _read(answers):
            self._values[name, dimension][key] = value

    def families(
        self,
        definitions: Mapping[str, MetricDefinition],
        dimension: str,
        read_key: ReadKey,
        known: Collection[LabelValues] = (),
    ) -> list[Family]:
        """Return a family for each name, all of them with the same series: those known and those found.

        So what any of them has counted starts at 0 in the others. Keys that are shown alike are added up.
        Raises AnswerError.
        """
        sums: dict[str, dict[LabelValues, int]] = {}
        labels = set(known)
        for name in definitions:
            sums[name] = self._sums(name, dimension, read_key)
            labels.update(sums[name])
        ordered = sorted(labels, key=_natural)
        return [
            family(definition, ((key, sums[name].get(key, 0)) for key in ordered))
            for name, definition in definitions.items()
        ]

    def _sums(self, name: str, dimension: str, read_key: ReadKey) -> dict[LabelValues, int]:
        found: defaultdict[LabelValues, int] = defaultdict(int)
        for key, value in self._values[name, dimension].items():
            try:
                labels = read_key(key)
            except ValueError as error:
                raise AnswerError(f"{queries.COUNTERS.name}: clave of {dimension} {error}") from error
            found[labels] += value
        if any(value > MAX_COUNT for value in found.values()):
            raise AnswerError(f"{queries.COUNTERS.name}: valor is out of range")
        return found


def _read(answers: Answers) -> Iterator[tuple[str, str, str, int]]:
    """Give name, dimension, key and value of each row. Raises AnswerError.

    They are most of what a scrape reads, so a row as it should be is checked at once; another one is read
    column by column for the sake of its error.
    """
    for row in answers.results[queries.COUNTERS]:
        values = row.astuple()
        if len(values) == len(COLUMNS):
            name, dimension, key, value = values
            if (
                type(name) is str
                and type(dimension) is str
                and type(key) is str
                and type(value) is int
                and 0 <= value <= MAX_COUNT
            ):
                yield name, dimension, key, value
                continue
        record = Record(queries.COUNTERS, row)
        name, dimension, key = (record.text(column) for column in COLUMNS[:-1])
        yield name, dimension, key, record.count(COLUMNS[-1])


@lru_cache(KEYS_REMEMBERED)
def identifier(key: str) -> LabelValues:
    """The id of a company or template."""
    if not _ID.fullmatch(key):
        raise ValueError("is not an id")
    return (key,)


@lru_cache(KEYS_REMEMBERED)
def word(key: str) -> LabelValues:
    """A plain word, such as a category."""
    return (label_value(key) if key else "unknown",)


@lru_cache(KEYS_REMEMBERED)
def country(key: str) -> LabelValues:
    """A country of ISO 3166-1; what is none is ZZ."""
    return (key if _COUNTRY.fullmatch(key) else UNKNOWN_COUNTRY,)


@lru_cache(KEYS_REMEMBERED)
def error(key: str) -> LabelValues:
    """Class and code of an error; either may be empty."""
    error_class, _, code = key.rpartition("/")
    return (*word(error_class), label_value(code) if code else "none")


@lru_cache(KEYS_REMEMBERED)
def pricing(key: str) -> LabelValues:
    """Meta's category and type of pricing; either may be empty."""
    category, _, kind = key.partition("/")
    return (*word(category), *word(kind))


def nothing(_key: str) -> LabelValues:
    """A counter without labels."""
    return ()


def _natural(labels: LabelValues) -> tuple[tuple[int, str], ...]:
    """Sorts ids as numbers, so that a page reads well."""
    return tuple((int(value) if _ID.fullmatch(value) else 0, value) for value in labels)
