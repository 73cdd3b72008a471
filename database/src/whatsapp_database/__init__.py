"""Schema, connection and kept aggregates of the WhatsApp notification database."""

from whatsapp_database.errors import (
    ClientClosedError,
    ConstraintError,
    DatabaseError,
    PermanentDatabaseError,
    PoolTimeoutError,
    SchemaError,
    TransientDatabaseError,
    UnsupportedUrlError,
)
from whatsapp_database.file_client import FileClient, file_path
from whatsapp_database.opening import open_database
from whatsapp_database.pool import PoolSettings, PoolStatus
from whatsapp_database.schema import migrate, packaged_migrations, require_current_schema, schema_version

__all__ = [
    "ClientClosedError",
    "ConstraintError",
    "DatabaseError",
    "FileClient",
    "PermanentDatabaseError",
    "PoolSettings",
    "PoolStatus",
    "PoolTimeoutError",
    "SchemaError",
    "TransientDatabaseError",
    "UnsupportedUrlError",
    "file_path",
    "migrate",
    "open_database",
    "packaged_migrations",
    "require_current_schema",
    "schema_version",
]
