"""The API's health document (the manual's "Health Check Principal", `/health?detailed=true`).

What is read is bounded and checked field by field: one field of a wrong type takes nothing but its own
metric away. `metrics`, which `detailed=true` adds, is left to the api collector.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from whatsapp_exporter.collectors.health.readings import READINGS
from whatsapp_exporter.json_fields import FieldPath, JsonFields
from whatsapp_exporter.label_value import OTHER, label_value
from whatsapp_exporter.metrics.definition import MetricDefinition
from whatsapp_exporter.readings import read_values

STATUSES = ("healthy", "degraded", "down")
COMPONENT_STATUSES: dict[str, tuple[str, ...]] = {
    "database": ("connected", "disconnected"),
    "whatsapp_api": ("healthy", "unhealthy", "unknown"),
    "scheduler": ("running", "stopped"),
    "cache": ("connected", "disconnected", "disabled"),
}
PAUSE_SCOPES = ("todo", "empresa", "plantilla")
MAX_COMPONENTS = 32
_COMPONENTS: FieldPath = ("components",)
_PAUSES: FieldPath = ("components", "whatsapp_api", "pauses")


class InvalidDocumentError(ValueError):
    """The answer is not a health document. The text repeats nothing of the answer."""


@dataclass(frozen=True, slots=True)
class HealthDocument:
    """What the document says; texts are ready to be labels. `pauses` is None when it says nothing of them."""

    status: str
    version: str | None
    components: Mapping[str, str]
    """The status of each."""
    pauses: Mapping[str, int] | None
    """How many there are of each scope, the known ones always."""
    values: Mapping[MetricDefinition, float]
    problems: tuple[str, ...]


def read_document(content: object) -> HealthDocument:
    """Read a parsed document. Raises InvalidDocumentError when it has no status."""
    if not isinstance(content, dict) or not isinstance(content.get("status"), str):
        raise InvalidDocumentError("the answer has no status")
    fields = JsonFields(content)
    version = fields.text(("version",))
    return HealthDocument(
        status=label_value(content["status"]),
        version=None if version is None else label_value(version),
        components=_components(fields),
        pauses=_pauses(fields),
        values=read_values(READINGS, fields),
        problems=tuple(fields.problems),
    )


def _components(fields: JsonFields) -> Mapping[str, str]:
    members = fields.members(_COMPONENTS) or {}
    if len(members) > MAX_COMPONENTS:
        fields.note(_COMPONENTS, f"has more than {MAX_COMPONENTS} members")
    found = {}
    for name, component in list(members.items())[:MAX_COMPONENTS]:
        status = component.get("status") if isinstance(component, Mapping) else None
        if isinstance(status, str):
            found[label_value(name)] = label_value(status)
        else:
            fields.note((*_COMPONENTS, name if name in COMPONENT_STATUSES else OTHER), "has no status")
    return found


def _pauses(fields: JsonFields) -> Mapping[str, int] | None:
    items = fields.items(_PAUSES)
    if items is None:
        return None
    counts = dict.fromkeys(PAUSE_SCOPES, 0)
    for item in items:
        scope = item.get("scope") if isinstance(item, Mapping) else None
        if not isinstance(scope, str):
            fields.note(_PAUSES, "has one without a scope")
            continue
        known = scope if scope in PAUSE_SCOPES else OTHER
        counts[known] = counts.get(known, 0) + 1
    return counts
