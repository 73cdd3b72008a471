"""The requests of a pipeline, run on a stream's connection in a worker thread."""

from collections.abc import Mapping

from whatsapp_world.hrana.connection import StreamConnection
from whatsapp_world.hrana.errors import ProtocolError, StatementError, transaction_timed_out
from whatsapp_world.hrana.program import cursor_entries, run_batch, run_sequence
from whatsapp_world.hrana.streams import Stream
from whatsapp_world.hrana.values import parse_sql, parse_statement

MAX_STORED_TEXTS = 50
MAX_STORED_TEXT_BYTES = 5_000


def run_pipeline(stream: Stream, requests: list[object], *, version: int) -> list[dict[str, object]]:
    """Run every request, also after one that failed, and return their ``StreamResult``s.

    Raises ProtocolError, after which the stream cannot be used.
    """
    results: list[dict[str, object]] = []
    for request in requests:
        if not isinstance(request, dict):
            raise ProtocolError("StreamRequest type not recognized")
        try:
            response = _run(stream, request, version)
        except StatementError as exc:
            results.append({"type": "error", "error": exc.document()})
        else:
            results.append({"type": "ok", "response": {"type": request["type"], **response}})
    return results


def run_cursor(stream: Stream, batch: object) -> list[dict[str, object]]:
    """Run a batch and return it as cursor entries; raise ProtocolError."""
    try:
        result = run_batch(_connection(stream), batch, stream.stored, version=3)
    except StatementError as exc:
        return [{"type": "error", "error": exc.document()}]
    return list(cursor_entries(result))


def _run(stream: Stream, request: Mapping[str, object], version: int) -> dict[str, object]:
    kind = request.get("type")
    if kind in {"store_sql", "close_sql"}:
        _change_stored(stream, request)
        return {}
    if kind == "close":
        connection, stream.connection = stream.connection, None
        if connection is not None:
            connection.close()
        return {}
    return _use(_connection(stream), request, stream.stored, version)


def _use(
    connection: StreamConnection, request: Mapping[str, object], stored: Mapping[int, str], version: int
) -> dict[str, object]:
    match request.get("type"):
        case "execute":
            return {"result": _execute(connection, request, stored)}
        case "batch":
            return {"result": run_batch(connection, request.get("batch"), stored, version=version)}
        case "sequence":
            run_sequence(connection, parse_sql(request, stored))
            return {}
        case "describe":
            return {"result": connection.describe(parse_sql(request, stored))}
        case "get_autocommit" if version >= 3:
            return {"is_autocommit": connection.autocommit}
        case "get_autocommit":
            raise ProtocolError(
                "The `get_autocommit` request is only supported in protocol version hrana3 and higher"
            )
    raise ProtocolError("StreamRequest type not recognized")


def _execute(
    connection: StreamConnection, request: Mapping[str, object], stored: Mapping[int, str]
) -> dict[str, object]:
    statement = parse_statement(request.get("stmt"), stored)
    if connection.begin_program():
        raise transaction_timed_out()
    return connection.run(statement)


def _change_stored(stream: Stream, request: Mapping[str, object]) -> None:
    identifier, sql = _sql_id(request), request.get("sql")
    if request["type"] == "close_sql":
        stream.stored.pop(identifier, None)
        return
    if not isinstance(sql, str):
        raise ProtocolError("Cannot deserialize client message from JSON: missing field `sql`")
    if identifier in stream.stored:
        raise ProtocolError(f"SQL text {identifier} already exists")
    if len(stream.stored) >= MAX_STORED_TEXTS:
        raise StatementError(
            "SQL_STORE_TOO_MANY",
            f"The server already stores {len(stream.stored)} SQL texts, it cannot store more",
        )
    if len(sql.encode()) > MAX_STORED_TEXT_BYTES:
        raise StatementError("SQL_STORE_TOO_LARGE", "The statement is too large to be stored")
    stream.stored[identifier] = sql


def _sql_id(request: Mapping[str, object]) -> int:
    identifier = request.get("sql_id")
    if isinstance(identifier, bool) or not isinstance(identifier, int):
        raise ProtocolError("Cannot deserialize client message from JSON: missing field `sql_id`")
    return identifier


def _connection(stream: Stream) -> StreamConnection:
    if stream.connection is None:
        raise ProtocolError("Stream for this baton was closed")
    return stream.connection
