"""Batches and sequences: steps with conditions."""

from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

from whatsapp_world.hrana.connection import StreamConnection
from whatsapp_world.hrana.errors import ProtocolError, StatementError, transaction_timed_out
from whatsapp_world.hrana.statement_rules import split_script
from whatsapp_world.hrana.values import Statement, parse_statement

MAX_CONDITION_DEPTH = 50

StepOutcome = dict[str, Any] | None


class BatchResult(TypedDict):
    """What became of each step: its result, its error, or neither when it was skipped."""

    step_results: list[StepOutcome]
    step_errors: list[StepOutcome]


def run_batch(
    connection: StreamConnection, batch: object, stored: Mapping[int, str], *, version: int
) -> BatchResult:
    """Run a ``Batch`` and return its ``BatchResult``.

    Raises ProtocolError, and StatementError when the batch as a whole fails: its answer is too large.
    """
    steps = batch.get("steps") if isinstance(batch, dict) else None
    if not isinstance(steps, list):
        raise ProtocolError(
            "Cannot deserialize client message from JSON: invalid type: expected struct Batch"
        )
    program = [_parse_step(step, stored, index, version) for index, step in enumerate(steps)]
    cut = connection.begin_program()
    results: list[StepOutcome] = []
    errors: list[StepOutcome] = []
    for statement, condition in program:
        result, error = None, None
        if cut:
            error = transaction_timed_out().document()
        elif condition is None or _holds(condition, results, errors, connection):
            try:
                result = connection.run(statement)
            except StatementError as exc:
                if exc.code == "RESPONSE_TOO_LARGE":
                    raise
                cut = exc.code == "TRANSACTION_TIMEOUT"
                error = exc.document()
        results.append(result)
        errors.append(error)
    return {"step_results": results, "step_errors": errors}


def run_sequence(connection: StreamConnection, script: str) -> None:
    """Run the statements of a script up to the first that fails, whose StatementError is raised."""
    statements = split_script(script)
    if connection.begin_program():
        raise transaction_timed_out()
    for sql in statements:
        connection.run(Statement(sql, want_rows=False))


def cursor_entries(batch: BatchResult) -> Iterator[dict[str, object]]:
    """Give a batch's result as the entries of a cursor."""
    for step, (result, error) in enumerate(zip(batch["step_results"], batch["step_errors"], strict=True)):
        if error is not None:
            yield {"type": "step_error", "step": step, "error": error}
        elif result is not None:
            yield {"type": "step_begin", "step": step, "cols": result["cols"]}
            for row in result["rows"]:
                yield {"type": "row", "row": row}
            counts = {key: result[key] for key in ("affected_row_count", "last_insert_rowid")}
            yield {"type": "step_end", **counts}


def _parse_step(
    step: object, stored: Mapping[int, str], index: int, version: int
) -> tuple[Statement, Mapping[str, object] | None]:
    if not isinstance(step, dict):
        raise ProtocolError("Cannot deserialize client message from JSON: expected struct BatchStep")
    condition = step.get("condition")
    if condition is not None:
        _check_condition(condition, index, version, depth=0)
    return parse_statement(step.get("stmt"), stored), condition


def _check_condition(condition: object, step: int, version: int, *, depth: int) -> None:
    if depth > MAX_CONDITION_DEPTH:
        raise ProtocolError("Cannot deserialize client message from JSON: recursion limit exceeded")
    match condition:
        case {"type": "ok" | "error", "step": int() as other} if 0 <= other < step:
            return
        case {"type": "ok" | "error"}:
            raise ProtocolError("Invalid reference to step in a batch condition")
        case {"type": "not", "cond": inner}:
            _check_condition(inner, step, version, depth=depth + 1)
            return
        case {"type": "and" | "or", "conds": list() as inner}:
            for part in inner:
                _check_condition(part, step, version, depth=depth + 1)
            return
        case {"type": "is_autocommit"}:
            if version < 3:
                raise ProtocolError(
                    "BatchCond of type `is_autocommit` is only supported in protocol version hrana3"
                    " and higher"
                )
            return
    raise ProtocolError("BatchCond type not recognized")


def _holds(
    condition: Mapping[str, object],
    results: list[StepOutcome],
    errors: list[StepOutcome],
    connection: StreamConnection,
) -> bool:
    match condition:
        case {"type": "ok", "step": int() as step}:
            return results[step] is not None
        case {"type": "error", "step": int() as step}:
            return errors[step] is not None
        case {"type": "not", "cond": dict() as inner}:
            return not _holds(inner, results, errors, connection)
        case {"type": "and", "conds": list() as inner}:
            return all(_holds(part, results, errors, connection) for part in inner)
        case {"type": "or", "conds": list() as inner}:
            return any(_holds(part, results, errors, connection) for part in inner)
    return connection.autocommit
