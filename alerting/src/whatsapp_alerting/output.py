"""Writing the compiled files, or saying which are out of date."""

from collections.abc import Mapping
from pathlib import Path

from whatsapp_alerting.yaml_text import GENERATED


def is_stale(path: Path, content: str) -> bool:
    """Say whether the file is missing or has another content."""
    return not path.is_file() or path.read_text(encoding="utf-8") != content


def stale_files(directory: Path, files: Mapping[str, str]) -> list[Path]:
    """Return the paths that are missing, differ, or should not be there, in order."""
    wrong = {directory / name for name, content in files.items() if is_stale(directory / name, content)}
    present = {path for path in directory.rglob("*") if path.is_file()}
    return sorted(wrong | (present - {directory / name for name in files}))


def write_files(directory: Path, files: Mapping[str, str]) -> list[Path]:
    """Write the files that differ, remove those that an earlier compilation left; return them, in order."""
    left_over = [
        path
        for path in stale_files(directory, files)
        if path.is_file() and path.relative_to(directory).as_posix() not in files and _is_generated(path)
    ]
    for path in left_over:
        path.unlink()
    written = [directory / name for name, content in files.items() if write_file(directory / name, content)]
    return sorted([*written, *left_over])


def _is_generated(path: Path) -> bool:
    """Say whether the compiler wrote it; anything else is not ours to remove."""
    return path.suffix == ".yml" and path.read_text(encoding="utf-8").startswith(GENERATED)


def write_file(path: Path, content: str) -> bool:
    """Replace the file at once, so that no reader sees half of it; say whether it had to change.

    A file that does not change keeps its time of modification.
    """
    if not is_stale(path, content):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(content, encoding="utf-8")
    partial.replace(path)
    return True
