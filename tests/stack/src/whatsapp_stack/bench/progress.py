"""What a benchmark tells while it runs, on standard error."""

from __future__ import annotations

import sys


def tell(text: str) -> None:
    """One line."""
    sys.stderr.write(f"  {text}\n")
    sys.stderr.flush()
