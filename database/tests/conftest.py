"""Fixtures on real database files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from libsql_client import Client
from whatsapp_database import migrate, open_database


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"file:{tmp_path / 'notifications.db'}"


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    """An empty database."""
    async with open_database(database_url) as opened:
        yield opened


@pytest.fixture
async def migrated(client: Client) -> Client:
    """A database with the schema, one contact (id 1) and two templates (ids 1 and 2)."""
    await migrate(client)
    await client.batch(
        [
            """INSERT INTO whatsapp_contactos (id, empresa_id, nombre, telefono)
            VALUES (1, 7, 'Ana', '+51900000001')""",
            """INSERT INTO whatsapp_plantillas_mensajes (id, evento, nombre, cuerpo)
            VALUES (1, 'a', 'a', 'Hola'), (2, 'b', 'b', 'Hola')""",
        ]
    )
    return client
