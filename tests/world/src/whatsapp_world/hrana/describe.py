"""What a statement's parameters and columns are, without running it.

Python's sqlite3 has no access to a prepared statement, so parameters are found in the text, columns by a
query for no row, and whether it writes by SQLite's own program for it (EXPLAIN).
"""

import re
import sqlite3

from whatsapp_world.hrana.values import SqlValue

# Strings, quoted names and comments, in which nothing is a parameter; then the parameters.
_TOKEN = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/"""
    r"""|(?P<numbered>\?\d*)|(?P<named>[:@$][A-Za-z_]\w*)|\w+""",
    re.DOTALL,
)
_EXPLAIN = re.compile(r"\s*EXPLAIN\b", re.IGNORECASE)
_QUERY = re.compile(r"\s*(?:SELECT|VALUES|WITH)\b", re.IGNORECASE)
_MAX_PARAMETERS = 32_766


def parameter_names(sql: str) -> list[str | None]:
    """Return the names of the parameters by their numbers, with prefix; None for those without a name."""
    names: list[str | None] = []
    for token in _TOKEN.finditer(sql):
        name = token["named"] or token["numbered"]
        if name is None or name in names:
            continue
        if name == "?":
            names.append(None)
        elif name[0] == "?":
            number = min(int(name[1:]), _MAX_PARAMETERS)
            names.extend([None] * (number - len(names)))
            names[number - 1] = name
        else:
            names.append(name)
    return names


def describe(connection: sqlite3.Connection, sql: str) -> dict[str, object]:
    """Return the ``DescribeResult``; raise sqlite3.Error when the statement does not compile."""
    names = parameter_names(sql)
    explained = _EXPLAIN.match(sql) is not None
    program = connection.execute(sql if explained else f"EXPLAIN {sql}", _nulls(names)).fetchall()
    writes = any(row[1] == "Transaction" and row[3] for row in program)
    columns: list[str] = []
    if not explained and not writes and _QUERY.match(sql):
        query = connection.execute(f"SELECT * FROM ({sql.rstrip().rstrip(';')}\n) LIMIT 0", _nulls(names))  # noqa: S608
        columns = [str(column[0]) for column in query.description]
    return {
        "params": [{"name": name} for name in names],
        "cols": [{"name": name, "decltype": None} for name in columns],
        "is_explain": explained,
        "is_readonly": explained or not writes,
    }


def _nulls(names: list[str | None]) -> tuple[SqlValue, ...] | dict[str, SqlValue]:
    named = [name[1:] for name in names if name is not None and name[0] != "?"]
    if names and len(named) == len(names):
        return dict.fromkeys(named)
    return (None,) * len(names)
