"""Removes what `up` made: hosts, network, image, keys, certificates and secrets."""

from __future__ import annotations

import shutil
import sys

from lab import containers, image, preflight
from lab.layout import LAB_DIR, hosts

# The controller's own environment: it belongs to the checkout, not to the lab.
KEPT = {"tools", "ansible"}


def down(*, keep_image: bool) -> int:
    """Remove the lab; safe to run when there is none. Returns the exit code."""
    preflight.require_root()
    removed = []
    if not preflight.missing_packages():
        removed = containers.remove(hosts())
        if not keep_image:
            removed += image.remove()
    for path in sorted(LAB_DIR.iterdir()):
        if path.name in KEPT or path.suffix == ".log":
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    sys.stdout.write(f"removed: {', '.join(removed) or 'nothing was there'}\n")
    return 0
