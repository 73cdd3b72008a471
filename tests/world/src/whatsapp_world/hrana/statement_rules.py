"""Which statements the server takes: one at a time, and none that changes the connection itself.

After tursodatabase/libsql, libsql-server/src/query_analysis.rs. ANALYZE is refused as by the releases before
its pull request 2274 (August 2026).
"""

import re
import sqlite3

from whatsapp_world.hrana.errors import StatementError

_SPACE = r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?(?:\*/|\Z))*"
_BLANK = re.compile(rf"{_SPACE}\Z", re.DOTALL)
_WORDS = re.compile(rf"{_SPACE}([A-Za-z]+)(?:{_SPACE}([A-Za-z]+))?", re.DOTALL)
_PRAGMA = re.compile(rf"{_SPACE}PRAGMA\s+(?:\w+\.)?(\w+)\s*(=|\()?", re.DOTALL | re.IGNORECASE)

_REFUSED = frozenset({"ANALYZE", "ATTACH", "DETACH", "VACUUM"})
# Connections come and go with streams, so nothing may be set on one, with these exceptions.
_PRAGMAS = re.compile(
    "collation_list|compile_options|data_version|database_list|defer_foreign_keys|encoding|foreign_key_check"
    "|foreign_key_list|foreign_keys|freelist_count|function_list|index_list|index_xinfo|integrity_check"
    "|legacy_file_format|module_list|page_count|pragma_list|quick_check|stats|table_info|table_list"
    "|table_xinfo|user_version"
)
_PRAGMAS_WITHOUT_VALUE = re.compile(
    "analysis_limit|application_id|auto_vacuum|automatic_index|busy_timeout|cache_size|cache_spill"
    "|cell_size_check|checkpoint_fullfsync|fullfsync|hard_heap_limit|journal_mode|journal_size_limit"
    "|legacy_alter_table|locking_mode|max_page_count|mmap_size|page_size|query_only|read_uncommitted"
    "|recursive_triggers|reverse_unordered_selects|schema_version|secure_delete|soft_heap_limit|synchronous"
    "|temp_store|threads|trusted_schema|wal_autocheckpoint"
)


def check_statement(sql: str) -> None:
    """Raise StatementError for what the server does not take; several statements, SQLite itself refuses."""
    words = _WORDS.match(sql)
    if words is None:
        if _BLANK.match(sql):
            raise StatementError("SQL_NO_STATEMENT", "SQL string does not contain any statement")
        return
    first, second = words[1].upper(), (words[2] or "").upper()
    if first in _REFUSED or (first == "CREATE" and second in {"TEMP", "TEMPORARY"}):
        raise _unsupported(sql)
    if first == "PRAGMA":
        pragma = _PRAGMA.match(sql)
        name = pragma[1].lower() if pragma else ""
        bare = pragma is not None and pragma[2] is None
        if not _PRAGMAS.fullmatch(name) and not (bare and _PRAGMAS_WITHOUT_VALUE.fullmatch(name)):
            raise _unsupported(sql)


def split_script(script: str) -> list[str]:
    """Return the statements of a script, a trigger's body kept whole."""
    found: list[str] = []
    pending = ""
    for part in re.split(r"(?<=;)", script):
        pending += part
        if sqlite3.complete_statement(pending):
            found.append(pending)
            pending = ""
    return [statement for statement in [*found, pending] if not _BLANK.match(statement.rstrip("; \n\t\r"))]


def _unsupported(sql: str) -> StatementError:
    return StatementError(
        "SQL_PARSE_ERROR", f"SQL string could not be parsed: unsupported statement: {sql[:200]}"
    )
