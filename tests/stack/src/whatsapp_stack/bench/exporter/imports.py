"""What the exporter's imports take: time as `-X importtime` tells it, resident memory of each package."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from typing import Final

from whatsapp_stack.bench.figures import Figure
from whatsapp_stack.errors import StackError

_MODULE: Final = "whatsapp_exporter.__main__"
_SHOWN: Final = 6
_MEBIBYTE: Final = 2**20

# What a package's modules added, less what they imported of others.
_MEMORY: Final = f"""
import builtins, collections, json, resource, sys
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
at_first, own, inner, original = resident(), collections.Counter(), [], builtins.__import__
def counted(name, *arguments, **keywords):
    before = resident()
    inner.append(0)
    try:
        return original(name, *arguments, **keywords)
    finally:
        grown, others = resident() - before, inner.pop()
        scope = arguments[0] if arguments else None
        level = arguments[3] if len(arguments) > 3 else keywords.get("level", 0)
        package = (scope or {{}}).get("__package__") or "" if level else name
        own[package.split(".")[0]] += grown - others
        if inner:
            inner[-1] += grown
builtins.__import__ = counted
import {_MODULE}
json.dump({{"bare": at_first, "all": resident(), "own": own}}, sys.stdout)
"""


async def measure() -> list[Figure]:
    """Import the command in processes of their own. Raises StackError."""
    output, _ = await _python("-c", _MEMORY)
    memory = json.loads(output)
    _, errors = await _python("-X", "importtime", "-c", f"import {_MODULE}")
    times = package_times(errors.decode())
    by_size = sorted(memory["own"].items(), key=lambda item: item[1], reverse=True)[:_SHOWN]
    by_time = times.most_common(_SHOWN)
    return [
        Figure("imports: resident before any", round(memory["bare"] / _MEBIBYTE, 1), "MiB"),
        Figure("imports: resident after all", round(memory["all"] / _MEBIBYTE, 1), "MiB"),
        *(Figure(f"imports: memory of {name}", round(size / _MEBIBYTE, 1), "MiB") for name, size in by_size),
        Figure("imports: time", round(times.total() / 1000, 1), "ms"),
        *(Figure(f"imports: time of {name}", round(took / 1000, 1), "ms") for name, took in by_time),
    ]


def package_times(report: str) -> Counter[str]:
    """Microseconds of each package's own modules, out of what `-X importtime` wrote."""
    times: Counter[str] = Counter()
    for line in report.splitlines():
        own, bar, rest = line.removeprefix("import time:").partition("|")
        if line.startswith("import time:") and bar and own.strip().isdigit():
            times[rest.partition("|")[2].strip().split(".")[0]] += int(own)
    return times


async def _python(*words: str) -> tuple[bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    if process.returncode != 0:
        raise StackError(f"{_MODULE} cannot be imported: {errors.decode(errors='replace')[-300:]}")
    return output, errors
