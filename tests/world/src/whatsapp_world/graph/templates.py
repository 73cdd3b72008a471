"""The templates that the simulated business account has, and what has become of each."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from whatsapp_world.errors import UsageError
from whatsapp_world.graph.errors import GraphError

MAX_DOCUMENT_BYTES: Final = 8 * 1024 * 1024
_PLACEHOLDER: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
# Seconds that Meta pauses a template for, the first and the second time; then it is disabled.
# https://developers.facebook.com/docs/whatsapp/message-templates/guidelines#template-pausing
PAUSE_SECONDS: Final = (3 * 3_600.0, 6 * 3_600.0)
PAUSE_TITLES: Final = ("FIRST_PAUSE", "SECOND_PAUSE")
_SENDABLE: Final = frozenset({"APPROVED", "FLAGGED", "REINSTATED"})


@dataclass(frozen=True)
class Template:
    """One template in one language; ``placeholders`` in the order in which the body first uses them."""

    name: str
    language: str
    category: str
    body: str
    placeholders: tuple[str, ...]

    def render(self, values: dict[str, str]) -> str:
        """Return the body with its placeholders filled."""
        return _PLACEHOLDER.sub(lambda match: values[match[1]], self.body)


@dataclass
class TemplateState:
    """A template with its status; ``resumes_at`` is the monotonic time at which a pause ends by itself."""

    template: Template
    status: str = "APPROVED"
    quality: str = "GREEN"
    previous_category: str | None = None
    rejected_reason: str = "NONE"
    pauses: int = 0
    resumes_at: float | None = None

    @property
    def id(self) -> str:
        """The template's id, the same in every run."""
        key = f"{self.template.name}/{self.template.language}".encode()
        return str(10**15 + int(hashlib.sha256(key).hexdigest()[:12], 16) % (9 * 10**15))

    def check_sendable(self) -> None:
        """Raise GraphError when its status forbids sending it."""
        if self.status in _SENDABLE:
            return
        if self.status == "PAUSED":
            raise GraphError(132015, "Template is paused due to low quality so it cannot be sent")
        if self.status == "DISABLED":
            raise GraphError(132016, "Template has been paused too many times and is now disabled")
        name = self.template.name
        raise GraphError(132001, f"template name ({name}) does not exist in {self.template.language}")

    def recategorize(self, category: str) -> None:
        """Move the template to another category."""
        self.previous_category = self.template.category
        self.template = replace(self.template, category=category)

    def document(self) -> dict[str, object]:
        """Return the template as ``/_lab/templates`` shows it."""
        return {
            "id": self.id,
            "name": self.template.name,
            "language": self.template.language,
            "status": self.status,
            "category": self.template.category.upper(),
            "quality": self.quality,
            "pauses": self.pauses,
        }


class TemplateList:
    """Templates by name and language, and by id."""

    def __init__(self, templates: list[Template]) -> None:
        self._templates = {
            (template.name, template.language): TemplateState(template) for template in templates
        }
        self._by_id = {state.id: state for state in self._templates.values()}

    def find(self, name: str, language: str) -> TemplateState | None:
        """Return the template in that language, None when there is none."""
        return self._templates.get((name, language))

    def find_id(self, template_id: str) -> TemplateState | None:
        """Return the template with that id, None when there is none."""
        return self._by_id.get(template_id)

    def __iter__(self) -> Iterator[TemplateState]:
        return iter(self._templates.values())

    def __len__(self) -> int:
        return len(self._templates)


def read_templates(path: Path) -> TemplateList:
    """Read the ``plantillas`` of a fixture document.

    Raises UsageError when the file cannot be read or has no such list.
    """
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(MAX_DOCUMENT_BYTES))
        return TemplateList([_template(entry) for entry in document["plantillas"]])
    except OSError as exc:
        raise UsageError(f"templates: cannot read {path}: {exc.strerror}") from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise UsageError(f'templates: {path} is not a document with "plantillas"') from exc


def _template(entry: dict[str, object]) -> Template:
    body = str(entry["cuerpo"])
    return Template(
        name=str(entry["nombre"]),
        language=str(entry["idioma"]),
        category=str(entry["categoria"]).lower(),
        body=body,
        placeholders=tuple(dict.fromkeys(_PLACEHOLDER.findall(body))),
    )
