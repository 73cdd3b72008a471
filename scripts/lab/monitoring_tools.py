"""promtool, amtool and Alertmanager for the controller, unpacked from Debian's packages.

They are unpacked, not installed: an installed package would start a Prometheus of its own where systemd runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from lab import preflight
from lab.errors import LabError
from lab.layout import LAB_DIR

PACKAGES = ("prometheus", "prometheus-alertmanager")
PROGRAMS = ("promtool", "prometheus", "amtool", "prometheus-alertmanager")
FOLDER = LAB_DIR / "tools" / "monitoring"
# Debian's Alertmanager reads its own templates from here only (measured: it does not start without either).
TEMPLATES = tuple(
    Path("/usr/share/prometheus/alertmanager") / name for name in ("default.tmpl", "email.tmpl")
)


def _templates_present() -> bool:
    return all(path.exists() for path in TEMPLATES)


def ensure() -> Path:
    """Unpack what is missing; return the folder that holds the programs."""
    programs = FOLDER / "bin"
    if all((programs / name).exists() for name in PROGRAMS) and _templates_present():
        return programs
    if all(shutil.which(name) for name in PROGRAMS) and _templates_present():
        programs.mkdir(parents=True, exist_ok=True)
        for name in PROGRAMS:
            link = programs / name
            link.unlink(missing_ok=True)
            link.symlink_to(str(shutil.which(name)))
        return programs
    with tempfile.TemporaryDirectory() as scratch:
        _download(Path(scratch))
        root = Path(scratch) / "root"
        for archive in Path(scratch).glob("*.deb"):
            _run(["dpkg-deb", "--extract", str(archive), str(root)])
        programs.mkdir(parents=True, exist_ok=True)
        for name in PROGRAMS:
            shutil.copy2(root / "usr/bin" / name, programs / name)
        if not _templates_present():
            _place_templates(root)
    return programs


def _place_templates(root: Path) -> None:
    try:
        for path in TEMPLATES:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / path.relative_to("/"), path)
    except PermissionError as error:
        raise LabError(f"{TEMPLATES[0].parent} lacks templates and only root can put them there") from error


def _download(folder: Path) -> None:
    if shutil.which("apt-get") is None:
        raise LabError(f"missing {', '.join(PROGRAMS)}, and there is no apt-get to fetch them with")
    folder.chmod(0o755)  # apt's own user writes here
    try:
        _run(["apt-get", "download", *PACKAGES], folder)
    except LabError:
        preflight.require_root()
        _run(["apt-get", "update", "-qq"])
        _run(["apt-get", "download", *PACKAGES], folder)


def _run(command: list[str], folder: Path | None = None) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise LabError(f"{' '.join(command[:2])} failed: {said[-1] if said else done.returncode}")
