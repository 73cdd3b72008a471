"""Letting the query planner know what the tables hold now."""

from collections.abc import Sequence

from libsql_client import Client
from whatsapp_database import PermanentDatabaseError

ANALYSIS_LIMIT = 1000
"""Rows of an index that ANALYZE reads (https://www.sqlite.org/lang_analyze.html#approx)."""

_NOT_TAKEN = "SQL_PARSE_ERROR"
"""libSQL servers' code for a statement that they do not take (libsql-server/src/query_analysis.rs)."""


async def refresh_statistics(client: Client, tables: Sequence[str] | None = None) -> bool:
    """Look at `tables`, or at all of them, reading a bounded part of each index.

    False on a server that does not let itself be told the bound: unbounded it would hold up every writer.

    Raises:
        DatabaseError: the database cannot be used.
    """
    try:
        await client.execute(f"PRAGMA analysis_limit = {ANALYSIS_LIMIT}")
    except PermanentDatabaseError as error:
        if error.code != _NOT_TAKEN:
            raise
        return False
    if tables is None:
        await client.execute("ANALYZE")
        await client.execute("PRAGMA optimize")
    else:
        for table in tables:
            await client.execute(f"ANALYZE {table}")
    return True
