"""Data flows one way: no package imports against the arrow, and none has a cycle inside."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {
    "whatsapp_database": ROOT / "database/src",
    "whatsapp_service": ROOT / "service/src",
    "whatsapp_exporter": ROOT / "exporter/src",
    "whatsapp_alerting": ROOT / "alerting/src",
    "whatsapp_dashboards": ROOT / "dashboards/src",
    "whatsapp_world": ROOT / "tests/world/src",
    "whatsapp_stack": ROOT / "tests/stack/src",
    "lab": ROOT / "scripts",
}
ALLOWED = {
    "whatsapp_service": {"whatsapp_database"},
    "whatsapp_exporter": {"whatsapp_database"},
    "lab": {"whatsapp_stack", "whatsapp_alerting"},
}


def _modules(package: str) -> dict[str, Path]:
    base = SOURCES[package]
    found = {}
    for path in sorted((base / package).rglob("*.py")):
        parts = path.relative_to(base).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _imports(path: Path, *, loading: bool = False) -> set[str]:
    """Return the absolute names that a module imports, anywhere in it or only while it loads."""
    names: set[str] = set()
    tree = ast.parse(path.read_text())
    for node in tree.body if loading else ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("package", sorted(SOURCES))
def test_no_import_against_the_arrow(package: str) -> None:
    modules = _modules(package)
    assert modules, f"{package} has no modules"
    foreign = set(SOURCES) - {package} - ALLOWED.get(package, set())
    wrong = [
        f"{module} imports {name}"
        for module, path in modules.items()
        for name in _imports(path)
        if name.split(".")[0] in foreign
    ]
    assert wrong == []


@pytest.mark.parametrize("package", sorted(SOURCES))
def test_no_cycle(package: str) -> None:
    modules = _modules(package)
    # A package's __init__ gathers names for outsiders; inside, modules name each other.
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        names = {name for name in _imports(path, loading=True) if name in modules}
        # `from package import module` needs the module; what else the package gathers does not matter.
        needless = {name for name in names if any(other.startswith(f"{name}.") for other in names)}
        graph[module] = names - needless - {module, package}
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join([*trail, module])
        if module not in done:
            for target in sorted(graph[module]):
                visit(target, (*trail, module))
            done.add(module)

    for module in sorted(graph):
        visit(module, ())
    assert done == set(graph)
