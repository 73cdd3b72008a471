"""Reading the YAML files into models, with one line for each thing that is wrong."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from whatsapp_alerting.alert import CatalogModel
from whatsapp_alerting.catalog import Area, Catalog, Root
from whatsapp_alerting.overrides import Overrides
from whatsapp_alerting.problems import InvalidInputError, Problem

MAX_BYTES = 1_000_000
"""Far above any real catalogue; keeps a wrong path from being read whole."""

Model = TypeVar("Model", bound=CatalogModel)


class _UniqueKeyLoader(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys, which hides a threshold that was written twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = str(key_node.value)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is written twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


AREAS = "catalog"
"""Folder of the included files, beside the root."""


def load_catalog(path: Path) -> Catalog:
    """Read a catalogue's root and the areas that it includes.

    Raises:
        InvalidInputError: a file is missing, is not YAML, or has entries that do not fit the model.
    """
    root = _load(path, Root)
    areas = {name: _load(path.parent / AREAS / f"{name}.yml", Area) for name in root.include}
    try:
        return Catalog(timing=root.timing, areas=areas)
    except ValidationError as error:
        raise InvalidInputError([_problem(path, None, detail) for detail in error.errors()]) from error


def load_overrides(path: Path) -> Overrides:
    """Read an overrides file.

    Raises:
        InvalidInputError: as for `load_catalog`.
    """
    return _load(path, Overrides)


def _load(path: Path, model: type[Model]) -> Model:
    document = read_yaml(path)
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise InvalidInputError([_problem(path, document, detail) for detail in error.errors()]) from error


def read_yaml(path: Path) -> object:
    """Return a file's content, in which no key is written twice.

    Raises:
        InvalidInputError: it cannot be read, or is not YAML.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise InvalidInputError([Problem(str(path), "", "", f"is larger than {MAX_BYTES} bytes")])
        return yaml.load(content, Loader=_UniqueKeyLoader)  # noqa: S506 - derives from SafeLoader
    except OSError as error:
        raise InvalidInputError([Problem(str(path), "", "", error.strerror or "cannot be read")]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidInputError([Problem(str(path), "", "", _yaml_reason(error))]) from error


def _yaml_reason(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}: " if mark is not None else ""
    return where + (getattr(error, "problem", None) or str(error))


def _problem(path: Path, document: object, detail: ErrorDetails) -> Problem:
    location = list(detail["loc"])
    entry, fields = _entry(document, location)
    return Problem(
        str(path), entry, ".".join(str(part) for part in fields), detail["msg"].removeprefix("Value error, ")
    )


def _entry(document: object, location: list[int | str]) -> tuple[str, list[int | str]]:
    """Name the entry by its alert name where it has one, by its place in the list otherwise."""
    if len(location) < 2 or location[0] not in {"alerts", "objectives"} or not isinstance(document, dict):
        return "", location
    section, where = location[0], location[1]
    if isinstance(where, str):
        return where, location[2:]
    item = document[section][where]
    name = item.get("name") if isinstance(item, dict) else None
    return (name if isinstance(name, str) else f"{section}[{where}]"), location[2:]
