"""Requests of a pipeline and the reading of their answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from libsql_client import ResultSet

from whatsapp_database.errors import DatabaseError, from_server
from whatsapp_database.hrana.failures import NotUnderstoodError
from whatsapp_database.hrana.values import Json, decode_result

CLOSE: Final[Json] = {"type": "close"}
COMMIT: Final[Json] = {"sql": "COMMIT", "want_rows": False}
ROLLBACK: Final[Json] = {"sql": "ROLLBACK", "want_rows": False}


@dataclass(frozen=True, slots=True)
class PipelineAnswer:
    """The answer to a pipeline; no `baton` means that the server closed the stream."""

    baton: str | None
    base_url: str | None
    results: tuple[object, ...]


def begin(*, writing: bool) -> Json:
    """The statement that begins a transaction; one that writes takes the lock at once."""
    return {"sql": "BEGIN IMMEDIATE" if writing else "BEGIN", "want_rows": False}


def execute(statement: Json) -> Json:
    """The request to run one statement."""
    return {"type": "execute", "stmt": statement}


def chain(statements: Sequence[Json]) -> Json:
    """The request to run statements, each only when the one before it succeeded."""
    return {"type": "batch", "batch": {"steps": _chained(statements)}}


def atomic(statements: Sequence[Json], *, writing: bool) -> Json:
    """The request to run statements in a transaction that is rolled back when one of them fails."""
    steps = _chained([begin(writing=writing), *statements, COMMIT])
    committed = {"type": "ok", "step": len(steps) - 1}
    undo = {"type": "and", "conds": [{"type": "ok", "step": 0}, {"type": "not", "cond": committed}]}
    steps.append({"condition": undo, "stmt": ROLLBACK})
    return {"type": "batch", "batch": {"steps": steps}}


def _chained(statements: Sequence[Json]) -> list[Json]:
    steps: list[Json] = [{"stmt": statement} for statement in statements]
    for index in range(1, len(steps)):
        steps[index]["condition"] = {"type": "ok", "step": index - 1}
    return steps


def encode(requests: Sequence[Json], baton: str | None) -> bytes:
    """The body of a pipeline request."""
    body = {"baton": baton, "requests": list(requests)}
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def decode(body: bytes, expected: int) -> PipelineAnswer:
    """Read the answer to a pipeline of `expected` requests. Raises NotUnderstoodError."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotUnderstoodError("not JSON") from error
    match answer:
        case {"results": list() as results} if len(results) == expected:
            baton, base_url = answer.get("baton"), answer.get("base_url")
        case _:
            raise NotUnderstoodError("not the results of a pipeline")
    if not isinstance(baton, str | None) or not isinstance(base_url, str | None):
        raise NotUnderstoodError("the baton")
    return PipelineAnswer(baton, base_url, tuple(results))


def statement_result(result: object) -> ResultSet:
    """The rows of an `execute` request. Raises the statement's error."""
    match _response(result):
        case {"type": "execute", "result": found}:
            return decode_result(found)
    raise NotUnderstoodError("the answer to a statement")


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """What became of the steps of a batch, by their index."""

    results: tuple[object, ...]
    errors: tuple[object, ...]

    def raise_error_of(self, step: int) -> None:
        """Raise the step's error, if it failed."""
        if self.errors[step] is not None:
            raise _error(self.errors[step])

    def result(self, step: int) -> ResultSet:
        """The rows of a step that succeeded. Raises NotUnderstoodError for a skipped one."""
        return decode_result(self.results[step])


def batch_answer(result: object, steps: int) -> BatchAnswer:
    """The answer to a `batch` request of so many steps. Raises the error of the batch as a whole."""
    match _response(result):
        case {
            "type": "batch",
            "result": {"step_results": list() as results, "step_errors": list() as errors},
        }:
            if len(results) == len(errors) == steps:
                return BatchAnswer(tuple(results), tuple(errors))
    raise NotUnderstoodError("the answer to a batch")


def atomic_results(result: object, statements: int) -> list[ResultSet]:
    """The rows of each statement of an `atomic` request that was committed. Raises its first error."""
    answer = batch_answer(result, statements + 3)
    for step in range(statements + 3):
        answer.raise_error_of(step)
    answer.result(statements + 1)  # the COMMIT
    return [answer.result(index + 1) for index in range(statements)]


def _response(result: object) -> object:
    match result:
        case {"type": "ok", "response": response}:
            return response
        case {"type": "error", "error": error}:
            raise _error(error)
    raise NotUnderstoodError("the result of a request")


def _error(error: object) -> DatabaseError:
    match error:
        case {"message": str() as message, **others}:
            code = others.get("code")
            return from_server(code if isinstance(code, str) else "", message)
    raise NotUnderstoodError("an error")
