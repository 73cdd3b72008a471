"""Migrations: once, in order, checked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from libsql_client import Client
from whatsapp_database import (
    SchemaError,
    migrate,
    open_database,
    packaged_migrations,
    require_current_schema,
    schema_version,
)
from whatsapp_database.schema import Migration, read_migrations


async def test_migrate_applies_each_once(each_client: Client) -> None:
    versions = [migration.version for migration in packaged_migrations()]
    assert await schema_version(each_client) == 0
    assert await migrate(each_client) == versions
    assert await migrate(each_client) == []
    assert await schema_version(each_client) == versions[-1]
    await require_current_schema(each_client)


async def test_two_clients_migrate_at_once(each_url: str) -> None:
    async with open_database(each_url) as one, open_database(each_url) as two:
        applied = await asyncio.gather(migrate(one), migrate(two))
        assert sorted(applied[0] + applied[1]) == [migration.version for migration in packaged_migrations()]


async def test_changed_migration_is_an_error(each_client: Client) -> None:
    await migrate(each_client, [Migration(1, "first", "CREATE TABLE a (x);")])
    with pytest.raises(SchemaError, match="0001_first was changed after it was applied"):
        await migrate(each_client, [Migration(1, "first", "CREATE TABLE a (y);")])


async def test_newer_database_is_an_error(each_client: Client) -> None:
    first, second = (
        Migration(1, "first", "CREATE TABLE a (x);"),
        Migration(2, "second", "CREATE TABLE b (x);"),
    )
    await migrate(each_client, [first, second])
    with pytest.raises(SchemaError, match="migration 0002, which this code does not know"):
        await migrate(each_client, [first])


async def test_failed_migration_leaves_no_trace(each_client: Client) -> None:
    first = Migration(1, "first", "CREATE TABLE a (x);")
    with pytest.raises(RuntimeError, match="no such table"):
        await migrate(
            each_client,
            [first, Migration(2, "second", "CREATE TABLE b (x);\nINSERT INTO absent VALUES (1);")],
        )
    assert await schema_version(each_client) == 1
    assert len(await each_client.execute("SELECT 1 FROM sqlite_master WHERE name = 'b'")) == 0


async def test_outdated_schema_is_one_clear_line(each_client: Client) -> None:
    with pytest.raises(
        SchemaError, match=r"schema is at version 0, this code needs .*: run `whatsapp-ops migrate`"
    ):
        await require_current_schema(each_client)


def test_numbering_gaps_are_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("SELECT 1;")
    (tmp_path / "0003_c.sql").write_text("SELECT 1;")
    with pytest.raises(SchemaError, match="without gaps"):
        read_migrations(tmp_path)


def test_incomplete_statement_is_refused() -> None:
    with pytest.raises(SchemaError, match="incomplete statement"):
        Migration(1, "a", "SELECT 1;\nCREATE TABLE b (x\n").statements()


async def test_manual_indexes_exist(each_migrated: Client) -> None:
    result = await each_migrated.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
    assert {row["name"] for row in result} >= {
        "idx_whatsapp_notificaciones_envio_pendiente",
        "idx_whatsapp_notificaciones_valorizacion",
        "idx_whatsapp_notificaciones_estado",
        "idx_whatsapp_contactos_empresa",
        "idx_whatsapp_plantillas_evento",
    }
