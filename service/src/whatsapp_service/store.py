"""Opening the database that the settings name."""

from __future__ import annotations

from libsql_client import Client
from whatsapp_database import PoolSettings, open_database

from whatsapp_service.settings import Settings


def open_store(settings: Settings, *, read_only: bool = False) -> Client:
    """A client of TURSO_DATABASE_URL with the DB_POOL_* limits."""
    token = settings.turso_auth_token
    return open_database(
        settings.turso_database_url,
        token.get_secret_value() if token else None,
        pool=PoolSettings(
            size=settings.db_pool_size,
            max_overflow=settings.db_pool_max_overflow,
            timeout=settings.db_pool_timeout,
            recycle=settings.db_pool_recycle,
        ),
        read_only=read_only,
    )
