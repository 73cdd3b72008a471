"""Schema, connection and kept aggregates of the WhatsApp notification database."""

from whatsapp_database.errors import (
    ClientClosedError,
    ConstraintError,
    DatabaseError,
    OutcomeUnknownError,
    PermanentDatabaseError,
    PoolTimeoutError,
    SchemaError,
    TransientDatabaseError,
    UnsupportedUrlError,
)
from whatsapp_database.file_client import FileClient, file_path
from whatsapp_database.hrana.client import HranaClient
from whatsapp_database.hrana.limits import HranaLimits
from whatsapp_database.opening import open_database
from whatsapp_database.pool import PoolSettings, PoolStatus
from whatsapp_database.schema import migrate, packaged_migrations, require_current_schema, schema_version

__all__ = [
    "ClientClosedError",
    "ConstraintError",
    "DatabaseError",
    "FileClient",
    "HranaClient",
    "HranaLimits",
    "OutcomeUnknownError",
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
