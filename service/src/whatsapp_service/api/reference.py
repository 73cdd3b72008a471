"""Write or check `docs/api.md`, the reference of every operation, from the OpenAPI document.

python -m whatsapp_service.api.reference [--check] [--output docs/api.md]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from whatsapp_service.api.openapi import ALWAYS, WITH_KEY, build_document
from whatsapp_service.api.routes import OPERATIONS

_COMMON: Final = {status: answer.description for status, answer in {**ALWAYS, **WITH_KEY}.items()}
_UNBOUNDED: Final = 2**53
_HEADER: Final = """\
# HTTP API

Made by `python -m whatsapp_service.api.reference` from `service/src/whatsapp_service/api/*_routes.py`;
changes go there. `GET /openapi.json` is the same for programs (OpenAPI 3.1). Version {version}.

- **Keys**: the header `X-API-Key`; the scopes that an operation needs are in its table, one of them is enough
  ([settings.md](settings.md), `API_KEYS_FILE`; [commands.md](commands.md), `keys`).
- **Errors** are JSON: `{{"error": {{"code", "message", "request_id"}}}}`; `code` is for programs and does not
  change. A path that there is not is a 404, a method that it has not a 405 with `Allow`.
- **Request ids**: an `X-Request-ID` of up to 64 letters, digits and `_.-` is kept, else one is made; the
  answer has it, and so have all log lines of the request, the stored notification and that of its send.
- **Bodies** are JSON up to 64 KiB (`application/json`); unknown fields and unknown or doubled parameters are
  refused.
- **Times** have a zone (`2026-01-02T08:00:00-05:00`, `…Z`); answers are in UTC. In a query string `+` is
  `%2B`.
- **Pages**: pass `siguiente` of an answer to the next call; null is the end.

Every operation may answer this too:

{common}

| operation | scopes | |
|---|---|---|
"""


def render(document: Mapping[str, Any]) -> str:
    """The reference as Markdown: a table of all operations, then each with its parameters and answers."""
    operations = [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    common = "\n".join(
        [
            "| status | answer |",
            "|---|---|",
            *(f"| {status} | {text} |" for status, text in sorted(_COMMON.items())),
        ]
    )
    parts = [_HEADER.format(version=document["info"]["version"], common=common)]
    for name, operation in operations:
        scopes = ", ".join(operation.get("x-scopes", ["-"]))
        parts.append(f"| [`{name}`](#{_anchor(name)}) | {scopes} | {operation['summary']} |\n")
    for name, operation in operations:
        parts.append(f"\n## `{name}`\n\n{operation['description']}\n")
        parts.extend(_inputs(operation, document["components"]["schemas"]))
        parts.append("\n| status | answer |\n|---|---|\n")
        parts.extend(
            f"| {status} | {_cell(answer['description'])}{_model(answer)} |\n"
            for status, answer in operation["responses"].items()
            if _COMMON.get(int(status)) != answer["description"]
        )
    parts.append("\n## Shapes of the answers\n")
    schemas = document["components"]["schemas"]
    for name in _answered(document):
        parts.append(
            f"\n### `{name}`\n\n{schemas[name]['description']}\n\n| field | type | |\n|---|---|---|\n"
        )
        parts.extend(
            f"| `{field}` | {_cell(_type(schema, schemas))} | {_cell(schema.get('description', ''))} |\n"
            for field, schema in schemas[name]["properties"].items()
        )
    return "".join(parts)


def _answered(document: Mapping[str, Any]) -> list[str]:
    """The names of the objects in answers, and of those inside them."""
    schemas = document["components"]["schemas"]
    waiting = [
        name
        for methods in document["paths"].values()
        for operation in methods.values()
        for answer in operation["responses"].values()
        for name in _references(answer)
    ]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_references(schemas[name]))
    return sorted(name for name in found if "properties" in schemas[name])


def _references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref":
                yield str(value).rpartition("/")[2]
            else:
                yield from _references(value)
    elif isinstance(part, list):
        for item in part:
            yield from _references(item)


def _inputs(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (parameter["name"], parameter["in"], parameter["required"], parameter["schema"], parameter)
        for parameter in operation["parameters"]
    ]
    content = operation.get("requestBody", {}).get("content", {})
    for media in content.values():
        model = schemas.get(str(media["schema"].get("$ref", "")).rpartition("/")[2], {})
        required = model.get("required", ())
        for field, schema in model.get("properties", {}).items():
            rows.append((field, "body", field in required, schema, schema))
    if rows:
        yield "\n| name | in | type | |\n|---|---|---|---|\n"
    for name, place, required, schema, described in rows:
        remarks = [described.get("description", ""), "Required." if required else _default(schema)]
        text = " ".join(remark for remark in remarks if remark)
        yield f"| `{name}` | {place} | {_cell(_type(schema, schemas))} | {_cell(text)} |\n"


def _type(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"`{name}`" if "properties" in schemas[name] else _type(schemas[name], schemas)
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if choices:
        return " or ".join(_type(choice, schemas) for choice in choices)
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    name = str(schema.get("format", schema.get("type", "any")))
    if name == "array":
        return f"list of {_type(schema['items'], schemas)}"
    bounds = [schema.get("minimum", schema.get("minLength")), schema.get("maximum", schema.get("maxLength"))]
    low, high = ("" if bound is None or abs(bound) > _UNBOUNDED else str(bound) for bound in bounds)
    return f"{name} {low}…{high}" if low or high else name


def _default(schema: Mapping[str, Any]) -> str:
    value = schema.get("default")
    return "" if value in (None, {}, []) else f"Default: {str(value).lower()}."


def _model(answer: Mapping[str, Any]) -> str:
    for media in answer["content"].values():
        name = str(media["schema"].get("$ref", "")).rpartition("/")[2]
        if name not in {"", "ErrorAnswer"}:
            return f" `{name}`"
    return ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _anchor(heading: str) -> str:
    kept = "".join(letter for letter in heading.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the reference; with `--check` exit 1 when the file differs from what would be written."""
    parser = argparse.ArgumentParser(prog="python -m whatsapp_service.api.reference")
    parser.add_argument("--output", type=Path, default=Path("docs/api.md"), help="file to write or check")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the file is stale")
    options = parser.parse_args(arguments)
    text = render(build_document(OPERATIONS))
    output: Path = options.output
    if not options.check:
        output.write_text(text, encoding="utf-8")
        return 0
    if output.exists() and output.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{output} is stale: run python -m whatsapp_service.api.reference\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
