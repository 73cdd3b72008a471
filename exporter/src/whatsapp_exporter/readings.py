"""Metrics whose value is one field of a JSON document."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from whatsapp_exporter.family import Family, single
from whatsapp_exporter.json_fields import FieldPath, JsonFields
from whatsapp_exporter.metrics.definition import MetricDefinition


class FieldKind(Enum):
    """What a field holds."""

    NUMBER = auto()
    BOOLEAN = auto()
    TIMESTAMP = auto()


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a metric without labels is in the document.

    The metric is the field `times` one factor `over` another, from the document's unit to the base unit. A
    `required` field that is absent or null is a problem; another one has no series then.
    """

    definition: MetricDefinition
    path: FieldPath
    kind: FieldKind = FieldKind.NUMBER
    times: float = 1.0
    over: float = 1.0
    required: bool = False


def read_values(readings: Iterable[Reading], fields: JsonFields) -> Mapping[MetricDefinition, float]:
    """Return the value of each metric that the document has; what is wrong is among the fields' problems."""
    values = {}
    for reading in readings:
        if reading.required and fields.is_absent(reading.path):
            fields.note(reading.path, "is missing")
        value = _field(reading, fields)
        if value is None:
            continue
        value = value * reading.times / reading.over
        if not math.isfinite(value):
            fields.note(reading.path, "is not a number")
            continue
        values[reading.definition] = value
    return values


def value_families(values: Mapping[MetricDefinition, float]) -> list[Family]:
    """Return the families of these values."""
    return [single(definition, value) for definition, value in values.items()]


def _field(reading: Reading, fields: JsonFields) -> float | None:
    match reading.kind:
        case FieldKind.NUMBER:
            return fields.number(reading.path)
        case FieldKind.TIMESTAMP:
            return fields.timestamp(reading.path)
        case FieldKind.BOOLEAN:
            value = fields.boolean(reading.path)
            return None if value is None else float(value)
