"""The API's health document (the manual's "Health Check Principal", `/health?detailed=true`).

What is read is bounded and checked field by field: one field of a wrong type takes nothing but its own
metric away.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from whatsapp_exporter.label_value import label_value

STATUSES = ("healthy", "degraded", "down")
COMPONENT_STATUSES: dict[str, tuple[str, ...]] = {
    "database": ("connected", "disconnected"),
    "whatsapp_api": ("healthy", "unhealthy", "unknown"),
    "scheduler": ("running", "stopped"),
    "cache": ("connected", "disconnected", "disabled"),
}
MAX_COMPONENTS = 32


class InvalidDocumentError(ValueError):
    """The body is not a health document. The text repeats nothing of the body."""


@dataclass(slots=True)
class HealthDocument:
    """What the document says. `numbers` holds (component, field) -> value; the component of uptime is ""."""

    status: str
    components: dict[str, str] = field(default_factory=dict)
    numbers: dict[tuple[str, str], float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


NUMBERS: dict[str, tuple[str, ...]] = {
    "database": ("response_time_ms", "active_connections", "connection_pool_size"),
    "whatsapp_api": ("rate_limit_remaining",),
    "cache": ("hit_rate", "used_memory_mb", "max_memory_mb"),
}
"""The numbers that are read of each component."""


def parse_document(body: bytes) -> HealthDocument:
    """Read the document. Raises InvalidDocumentError when it is not JSON or has no status."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidDocumentError("the answer is not JSON") from error
    if not isinstance(content, dict) or not isinstance(content.get("status"), str):
        raise InvalidDocumentError("the answer has no status")
    document = HealthDocument(status=label_value(content["status"]))
    _read_number(document, content, "", "uptime_seconds")
    components = content.get("components")
    if components is None:  # the document without `detailed=true`
        return document
    if not isinstance(components, dict):
        document.problems.append("components is not an object")
        return document
    if len(components) > MAX_COMPONENTS:
        document.problems.append(f"more than {MAX_COMPONENTS} components")
    for raw_name, component in list(components.items())[:MAX_COMPONENTS]:
        name = label_value(raw_name)
        if not isinstance(component, dict) or not isinstance(component.get("status"), str):
            document.problems.append(f"components.{name} has no status")
            continue
        document.components[name] = label_value(component["status"])
        for number in NUMBERS.get(name, ()):
            _read_number(document, component, name, number)
    return document


def _read_number(document: HealthDocument, source: Mapping[str, object], component: str, name: str) -> None:
    value = source.get(name)
    if value is None:  # absent, or not known to the API at this time
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        where = f"components.{component}.{name}" if component else name
        document.problems.append(f"{where} is not a number")
        return
    document.numbers[component, name] = float(value)
