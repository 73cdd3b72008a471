"""What both daemons check before they serve: settings, database, schema. A failure is one clear line."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from datetime import date
from typing import NoReturn

from whatsapp_database import DatabaseError, require_current_schema

from whatsapp_service.clock import utc_now
from whatsapp_service.graph.versions import WARN_DAYS, days_left
from whatsapp_service.json_logging import configure_logging, log_event
from whatsapp_service.settings import Settings, SettingsError, load_settings
from whatsapp_service.store import open_store

logger = logging.getLogger("whatsapp.startup")


def prepare(name: str, *required: str) -> Settings:
    """The settings, with logging on and the schema at the code's version; else exit 1 with the reason."""
    try:
        settings = load_settings(os.environ, required=required)
        configure_logging(name, settings)
        asyncio.run(_check_schema(settings))
        warn_of_version(settings, utc_now().date())
    except (SettingsError, DatabaseError, OSError) as error:
        fail(name, str(error))
    return settings


def warn_of_version(settings: Settings, today: date) -> None:
    """Log a warning when WHATSAPP_API_VERSION has ended, or will within 90 days."""
    left = days_left(settings.whatsapp_api_version, today)
    if left is not None and left < WARN_DAYS:
        log_event(
            logger,
            logging.WARNING,
            "Graph API version has ended" if left < 0 else "Graph API version ends soon",
            tags=("configuration",),
            version=settings.whatsapp_api_version,
            days_left=left,
        )


def fail(name: str, reason: str, write: Callable[[str], object] = sys.stderr.write) -> NoReturn:
    """End the process with status 1 and one line on stderr."""
    write(f"whatsapp-{name}: {' '.join(reason.split())}\n")
    raise SystemExit(1)


async def _check_schema(settings: Settings) -> None:
    async with open_store(settings) as store:
        await require_current_schema(store)
