"""The approved templates that the simulated business account knows."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from whatsapp_world.errors import UsageError

MAX_DOCUMENT_BYTES = 8 * 1024 * 1024
_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")


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


class TemplateList:
    """Templates by name and language."""

    def __init__(self, templates: list[Template]) -> None:
        self._templates = {(template.name, template.language): template for template in templates}

    def find(self, name: str, language: str) -> Template | None:
        """Return the template approved in that language, None when there is none."""
        return self._templates.get((name, language))

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
