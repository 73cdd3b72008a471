"""Cut Meta's OpenAPI document down to what the simulator's tests check against.

    cd tests/world/meta_openapi && python trim.py business-messaging-api_v23.0.yaml > openapi.json

Kept are the operations below with their answers, examples of answers, and every component that they refer to;
descriptions are left out. Nothing else is changed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

OPERATIONS = (
    ("/{Version}/{Phone-Number-ID}/messages", "post"),
    ("/{Version}/{Phone-Number-ID}", "get"),
    ("/{Version}/{WABA-ID}", "get"),
    ("/{Version}/{WABA-ID}/phone_numbers", "get"),
    ("/{Version}/{WABA-ID}/subscribed_apps", "get"),
    ("/{Version}/{WABA-ID}/message_templates", "get"),
    ("/{Version}/{TEMPLATE_ID}", "get"),
    ("/whatsapp/webhooks", "post"),
)
# The webhook's schemas refer to the request's of the same names; these are the ones that were meant.
EXTRA_SCHEMAS = ("BaseMessageProperties_1", "TextMessage_2")
_PROSE = frozenset({"description", "summary", "example", "tags"})


def main(source: Path) -> None:
    """Print the trimmed document."""
    document = yaml.load(source.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    kept: dict[str, Any] = {
        "openapi": document["openapi"],
        "info": {"title": document["info"]["title"], "version": document["info"]["version"]},
        "paths": {},
        "components": {},
    }
    for path, method in OPERATIONS:
        operation = _without_prose(document["paths"][path][method])
        kept["paths"].setdefault(path, {})[method] = operation
    for name in EXTRA_SCHEMAS:
        _keep(document, kept, f"#/components/schemas/{name}")
    _keep_references(document, kept, kept["paths"])
    json.dump(kept, sys.stdout, indent=1, ensure_ascii=False, sort_keys=True)
    sys.stdout.write("\n")


def _without_prose(value: Any) -> Any:  # noqa: ANN401 - JSON of any kind
    if isinstance(value, dict):
        return {
            str(key): _without_prose(item)
            for key, item in value.items()
            # A property may be called "description"; then it is an object.
            if key not in _PROSE or isinstance(item, dict)
        }
    return [_without_prose(item) for item in value] if isinstance(value, list) else value


def _keep_references(document: dict[str, Any], kept: dict[str, Any], value: Any) -> None:  # noqa: ANN401
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref" and isinstance(item, str):
                _keep(document, kept, item)
            else:
                _keep_references(document, kept, item)
    elif isinstance(value, list):
        for item in value:
            _keep_references(document, kept, item)


def _keep(document: dict[str, Any], kept: dict[str, Any], reference: str) -> None:
    _, _, kind, name = reference.split("/")
    found = kept["components"].setdefault(kind, {})
    if name not in found:
        found[name] = _without_prose(document["components"][kind][name])
        _keep_references(document, kept, found[name])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
