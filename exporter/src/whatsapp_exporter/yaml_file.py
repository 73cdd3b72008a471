"""Read a YAML file into a pydantic model, with errors that fit on one line each."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

MAX_FILE_BYTES = 1_000_000
ModelT = TypeVar("ModelT", bound=BaseModel)


class ConfigError(Exception):
    """A configuration file that cannot be read or is not valid. The text names the file and the key."""


def load_yaml(path: Path, model: type[ModelT]) -> ModelT:
    """Return the file's content as `model`. Raises ConfigError, which repeats no value of it."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or 'cannot be read'}") from error
    if len(raw) > MAX_FILE_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_FILE_BYTES} bytes")
    try:
        content = yaml.safe_load(raw)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        raise ConfigError(f"{path}: not valid YAML{where}") from error
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
