"""The project's commands, as installed beside the running interpreter."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

from whatsapp_stack.errors import StackError


def command(name: str) -> str:
    """The path of an installed command; raises StackError when it is missing."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        raise StackError(f"{name} is not installed beside {sys.executable}")
    return str(path)


async def run(*words: str, environ: Mapping[str, str] | None = None) -> bytes:
    """Run to the end and return standard output; raises StackError with the last line of standard error."""
    process = await asyncio.create_subprocess_exec(
        *words, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    if process.returncode != 0:
        said = errors.decode(errors="replace").strip().splitlines()
        raise StackError(
            f"{Path(words[0]).name} {words[1]} failed: {said[-1] if said else process.returncode}"
        )
    return output


async def mentions(option: str, *words: str) -> bool:
    """Whether a command's help names an option or a subcommand."""
    text = (await run(*words, "--help")).decode()
    return option in text.replace(",", " ").split()
