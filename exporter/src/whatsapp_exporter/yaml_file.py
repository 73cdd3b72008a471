"""Read a YAML file into a pydantic model, with errors that fit on one line each."""

import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

MAX_FILE_BYTES = 1_000_000
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,62}", re.ASCII)
ModelT = TypeVar("ModelT", bound=BaseModel)


class ConfigError(Exception):
    """A configuration file that cannot be read or is not valid. The text names the file and the key."""


class _DoubleKeyError(yaml.MarkedYAMLError):
    """A key that its mapping has already."""


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, which by itself takes the last of the values that one key has."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:  # noqa: ANN401 - the stub has a wrong type
        """Read a mapping. Raises _DoubleKeyError."""
        node = super().compose_mapping_node(anchor)
        keys = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in keys:
                    raise _DoubleKeyError(problem=_double_key(key.value), problem_mark=key.start_mark)
                keys.add((key.tag, key.value))
        return node


def _double_key(key: str) -> str:
    # Without the key where it may be more than one: with a space forgotten, `user:password` is.
    return f"the key {key} is there twice" if _PLAIN_KEY.fullmatch(key) else "a key is there twice"


def load_yaml(path: Path, model: type[ModelT]) -> ModelT:
    """Return the file's content as `model`. Raises ConfigError, which repeats no value of it."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or 'cannot be read'}") from error
    if len(raw) > MAX_FILE_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_FILE_BYTES} bytes")
    try:
        content = yaml.load(raw, _Loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        what = error.problem if isinstance(error, _DoubleKeyError) else "not valid YAML"
        raise ConfigError(f"{path}: {what}{where}") from error
    if content is None:
        content = {}
    try:
        return model.model_validate(content, context={"directory": path.parent})
    except ValidationError as error:
        raise ConfigError(f"{path}: {_describe(error)}") from error


def _describe(error: ValidationError) -> str:
    parts = []
    for item in error.errors(include_url=False, include_input=False):
        where = ".".join(str(step) for step in item["loc"])
        text = "unknown key" if item["type"] == "extra_forbidden" else item["msg"]
        parts.append(f"{where}: {text}" if where else text)
    return "; ".join(parts)
