"""Builds the wheelhouse: each deployed package with its locked dependencies, for the targets' Python."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement

from lab.errors import LabError
from lab.layout import ROOT, WHEELHOUSE

# Deployed distribution -> the workspace packages that it is made of.
DISTRIBUTIONS = {
    "whatsapp-service": ("database", "service"),
    "whatsapp-exporter": ("database", "exporter"),
    "whatsapp-world": ("tests/world",),
}
# libsql-client asks for its documentation theme, which brings all of Sphinx: nothing of it runs on a target.
PRUNED = ("sphinx-press-theme",)
PYTHONS = {"cp313": "3.13", "cp311": "3.11"}
# Names of wheels that run on the targets' C library (Debian 12 has glibc 2.36): pip must be told each one
# when it downloads for another Python than its own.
GLIBC_MINORS = range(36, 4, -1)
PLATFORMS = (
    *(f"manylinux_2_{minor}_x86_64" for minor in GLIBC_MINORS),
    "manylinux2014_x86_64",
    "linux_x86_64",
)


def _run(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise LabError(f"{' '.join(command[:3])} failed: {said[-1] if said else done.returncode}")
    return done.stdout


def _uv() -> str:
    return os.environ.get("UV", "uv")


def _sources(packages: Iterable[str]) -> list[Path]:
    found = [ROOT / "uv.lock", Path(__file__)]
    for package in packages:
        base = ROOT / package
        found += [
            path
            for path in sorted((base / "src").rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        ]
        found.append(base / "pyproject.toml")
    return found


def release_id(packages: Iterable[str], python: str) -> str:
    """Return the content id of a release: sources and lock decide it, so equal trees give equal ids."""
    digest = hashlib.sha256(python.encode())
    for path in _sources(packages):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _requirements(distribution: str, python: str) -> str:
    """Return the locked third-party requirements that apply on a target, with hashes."""
    pruned = [f"--prune={name}" for name in PRUNED]
    text = _run(
        _uv(), "export", "--frozen", "--no-dev", "--no-header", "--no-annotate", "--no-emit-workspace",
        "--package", distribution, *pruned,
    )  # fmt: skip
    target = {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }
    kept = []
    # pip judges markers by its own Python even when it downloads for another, so they are judged here.
    for line in text.replace("\\\n", " ").splitlines():
        requirement, *hashes = line.split("--hash=")
        parsed = Requirement(requirement.strip())
        if parsed.marker is None or parsed.marker.evaluate(target):
            kept.append(
                f"{parsed.name}{parsed.specifier} " + " ".join(f"--hash={value.strip()}" for value in hashes)
            )
    return "\n".join(kept) + "\n"


def _build(distribution: str, packages: tuple[str, ...], tag: str) -> None:
    python = PYTHONS[tag]
    folder = WHEELHOUSE / tag
    archive, release = folder / f"{distribution}.tar.gz", folder / f"{distribution}.release"
    wanted = release_id(packages, python)
    if archive.exists() and release.exists() and release.read_text().strip() == wanted:
        return
    with tempfile.TemporaryDirectory() as scratch:
        wheels = Path(scratch)
        for package in packages:
            _run(_uv(), "build", "--quiet", "--wheel", "--out-dir", scratch, str(ROOT / package))
        own = sorted(wheels.glob("*.whl"))
        (wheels / ".gitignore").unlink(missing_ok=True)
        requirements = _requirements(distribution, python)
        listed = wheels / "third-party.txt"
        listed.write_text(requirements)
        _download(listed, scratch, python, tag)
        listed.unlink()
        lines = [requirements.rstrip("\n")]
        for wheel in own:
            name, version = wheel.name.split("-")[:2]
            digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
            lines.append(f"{re.sub('_', '-', name)}=={version} --hash=sha256:{digest}")
        (wheels / "requirements.txt").write_text("\n".join(lines) + "\n")
        folder.mkdir(parents=True, exist_ok=True)
        archive.write_bytes(_archive(wheels))
    release.write_text(wanted + "\n")


def _download(requirements: Path, folder: str, python: str, tag: str) -> None:
    """Fetch the wheels for another Python than this one; every file must match its locked hash."""
    options = [f"--platform={platform}" for platform in PLATFORMS]
    options += [
        f"--python-version={python}",
        "--implementation=cp",
        f"--abi={tag}",
        "--abi=abi3",
        "--abi=none",
    ]
    pip = str(ROOT / ".lab/tools/bin/pip")
    _run(
        *(pip, "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"),
        *(*options, "--require-hashes", "--dest", folder, "--requirement", str(requirements)),
    )


def _archive(folder: Path) -> bytes:
    """Pack a folder so that equal contents give equal bytes (wheels are compressed already)."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for path in sorted(folder.iterdir()):
            info = tarfile.TarInfo(path.name)
            info.size, info.mode = path.stat().st_size, 0o644
            with path.open("rb") as content:
                tar.addfile(info, content)
    return gzip.compress(plain.getvalue(), compresslevel=1, mtime=0)


def write_fixture(path: Path) -> None:
    """Write the lab's companies, contacts and templates (the same document every time)."""
    text = _run(str(Path(sys.executable).parent / "whatsapp-world"), "fixture")
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def build(tags: Iterable[str] = ("cp313",)) -> None:
    """Build what is missing or stale, for each Python tag."""
    for tag in tags:
        for distribution, packages in DISTRIBUTIONS.items():
            _build(distribution, packages, tag)
