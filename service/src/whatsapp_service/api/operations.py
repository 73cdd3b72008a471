"""Operations of the API: what each takes, answers and refuses; routes and OpenAPI document come from them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from whatsapp_service.api.bodies import read_model, read_query
from whatsapp_service.api.context import ApiContext, context_of
from whatsapp_service.api.errors import ErrorAnswer
from whatsapp_service.settings import Scope as KeyScope

API: Final = "/api/notifications"
"""Where the paths of most operations begin."""

Method = Literal["GET", "POST", "DELETE"]
Query = TypeVar("Query", bound=BaseModel)
Body = TypeVar("Body", bound=BaseModel)

JSON: Final = "application/json"


class Nothing(BaseModel):
    """No parameters: any is refused."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Call(Generic[Query, Body]):
    """One request that may be served: `caller` is the name of its key, "" where none is needed."""

    request: Request
    context: ApiContext
    caller: str
    query: Query
    body: Body


@dataclass(frozen=True, slots=True)
class Answer:
    """One kind of answer in the documentation; `model` None is text of the `media_type`."""

    description: str
    model: type[BaseModel] | None = ErrorAnswer
    media_type: str = JSON


@dataclass(frozen=True, slots=True)
class Header:
    """A request header that the operation reads."""

    name: str
    description: str
    schema: Mapping[str, object]
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path.

    `scopes` are those of which a key needs one; without any the operation is open. A handler that reads query
    or body by itself has `query` and `body` None, and `documented_query` (name to OpenAPI parameter) and
    `documented_body` (OpenAPI schema) tell of them.
    """

    method: Method
    path: str
    tag: str
    summary: str
    description: str
    handle: Callable[[Request], Awaitable[Response]]
    answers: Mapping[int, Answer]
    scopes: tuple[KeyScope, ...] = ()
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    headers: Sequence[Header] = ()
    documented_query: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    documented_body: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for an operation that says nothing about itself."""
        if not self.summary.strip() or not self.description.strip() or not self.answers:
            raise ValueError(f"{self.method} {self.path} needs a summary, a description and answers")


def served(
    handler: Callable[[Call[Query, Body]], Awaitable[Response]],
    query: type[Query],
    body: type[Body],
    scopes: tuple[KeyScope, ...] = (),
) -> Callable[[Request], Awaitable[Response]]:
    """The handler behind its key, with query string and body read into their models."""

    async def handle(request: Request) -> Response:
        context = context_of(request)
        caller = await context.authenticator.require(request, *scopes) if scopes else ""
        given = read_query(request, query)
        sent = body() if body is Nothing else await read_model(request, body)
        return await handler(Call(request, context, caller, given, sent))

    return handle


def keyed(
    method: Method,
    path: str,
    handler: Callable[[Call[Query, Body]], Awaitable[Response]],
    query: type[Query],
    body: type[Body],
    *scopes: KeyScope,
    tag: str,
    summary: str,
    description: str,
    answers: dict[int, Answer],
    headers: tuple[Header, ...] = (),
) -> Operation:
    """An operation for which a key is needed."""
    return Operation(
        method=method,
        path=path,
        tag=tag,
        summary=summary,
        description=description,
        handle=served(handler, query, body, scopes),
        answers=answers,
        scopes=scopes,
        query=query,
        body=body,
        headers=headers,
    )


class PathEndpoint:
    """All operations of one path; another method gets 405 with all methods that there are."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._handlers: dict[str, Callable[[Request], Awaitable[Response]]] = {
            operation.method: operation.handle for operation in operations
        }
        methods = [*self._handlers, *(["HEAD"] if "GET" in self._handlers else [])]
        self._allow = ", ".join(sorted(methods))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        handler = self._handlers.get(method)
        if handler is None:
            raise HTTPException(405, "this path has no such method", {"Allow": self._allow})
        response = await handler(Request(scope, receive, send))
        await response(scope, receive, send)


def routes_of(operations: Sequence[Operation]) -> list[Route]:
    """One route for each path, in the order of the operations."""
    by_path: dict[str, list[Operation]] = {}
    for operation in operations:
        by_path.setdefault(operation.path, []).append(operation)
    return [Route(path, PathEndpoint(together)) for path, together in by_path.items()]
