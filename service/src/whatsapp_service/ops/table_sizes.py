"""Rows and bytes of each table, kept in ``whatsapp_tablas`` for whoever watches.

``count(*)`` walks the smallest index of a table and looks at no row: 10 ms for a million notifications. Bytes
come from ``dbstat``, which reads every page: 0.3 s for 400 MB in memory, as long as reading the file takes
when it is not. Both are reads beside the writer.
"""

from libsql_client import Client, InStatement
from whatsapp_database import DatabaseError, rows
from whatsapp_database.timestamps import to_text

from whatsapp_service.clock import Clock

# A table's indexes count as the table; what SQLite keeps for itself is left out.
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
_BYTES = """SELECT part.tbl_name AS tabla, sum(stat.pgsize) AS bytes
FROM dbstat AS stat JOIN sqlite_master AS part ON part.name = stat.name
WHERE stat.aggregate = TRUE GROUP BY part.tbl_name"""
_INSERT = "INSERT INTO whatsapp_tablas (tabla, filas, bytes, medida_at) VALUES (?, ?, ?, ?)"


async def measure_tables(client: Client, now: Clock) -> None:
    """Measure every table and replace what the last measurement left.

    Raises:
        DatabaseError: the database cannot be used.
    """
    names = [rows.text(row, "name") for row in await client.execute(_TABLES)]
    counts = {name: await _count(client, name) for name in names}
    sizes = await _bytes(client)
    moment = to_text(now())
    statements: list[InStatement] = ["DELETE FROM whatsapp_tablas"]
    statements += [(_INSERT, (name, counts[name], sizes.get(name), moment)) for name in names]
    await client.batch(statements)


async def _count(client: Client, name: str) -> int:
    found = await client.execute(f'SELECT count(*) AS total FROM "{name}"')  # noqa: S608 (a name of the schema)
    return rows.integer(found[0], "total")


async def _bytes(client: Client) -> dict[str, int]:
    """Bytes by table; nothing where ``dbstat`` is not to be had: a server that refuses it or gives up, a
    SQLite that was built without it."""
    try:
        found = await client.execute(_BYTES)
    except DatabaseError:
        return {}
    return {rows.text(row, "tabla"): rows.integer(row, "bytes") for row in found}
