"""What both daemons check before they serve: settings, database, schema; a failure is one clear line."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from whatsapp_database import DatabaseError, require_current_schema

from whatsapp_service.json_logging import configure_logging
from whatsapp_service.settings import Settings, SettingsError, load_settings
from whatsapp_service.store import open_store


def prepare(name: str, *required: str) -> Settings:
    """The settings, with logging on and the schema at the code's version; else exit 1 with the reason."""
    try:
        settings = load_settings(os.environ, required=required)
        configure_logging(name, settings)
        asyncio.run(_check_schema(settings))
    except (SettingsError, DatabaseError, OSError) as error:
        fail(name, str(error))
    return settings


def fail(name: str, reason: str, write: Callable[[str], object] = sys.stderr.write) -> NoReturn:
    """End the process with status 1 and one line on stderr."""
    write(f"whatsapp-{name}: {' '.join(reason.split())}\n")
    raise SystemExit(1)


async def _check_schema(settings: Settings) -> None:
    async with open_store(settings) as store:
        await require_current_schema(store)
