"""HTTP face of the libSQL server."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from whatsapp_world.hrana.errors import ProtocolError, StreamExpiredError
from whatsapp_world.hrana.faults import InvalidFaultError, parse_fault
from whatsapp_world.hrana.server import HangUp, HranaServer
from whatsapp_world.http_server import SeveredConnection
from whatsapp_world.request_body import BodyTooLargeError, NotAnObjectError, read_object

MAX_BODY = 64 * 1024 * 1024
MAX_FAULT_BODY = 16 * 1024


def build_app(server: HranaServer) -> Starlette:
    """Return the application; it closes the streams when it stops."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(server.keep_sweeping())
        try:
            yield
        finally:
            sweeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sweeping
            await asyncio.to_thread(server.stop)

    api = _HranaApi(server)
    lab = _Laboratory(server)
    routes = [
        Route("/health", api.health, methods=["GET"]),
        Route("/dump", api.dump, methods=["GET"]),
        Route("/_lab/state", lab.state, methods=["GET"]),
        Route("/_lab/faults", lab.list_faults, methods=["GET"]),
        Route("/_lab/faults", lab.add_fault, methods=["POST"]),
        Route("/_lab/faults", lab.clear_faults, methods=["DELETE"]),
    ]
    for version in server.settings.versions:
        routes.append(Route(f"/v{version}", api.index, methods=["GET"]))
        routes.append(
            Route(f"/v{version}/pipeline", _SqlEndpoint(server, version, _pipeline).answer, methods=["POST"])
        )
    if 3 in server.settings.versions:
        routes.append(Route("/v3/cursor", _SqlEndpoint(server, 3, _cursor).answer, methods=["POST"]))
    return Starlette(lifespan=lifespan, routes=routes)


class _HranaApi:
    """The server's own endpoints."""

    def __init__(self, server: HranaServer) -> None:
        self._server = server

    async def health(self, _request: Request) -> Response:
        return PlainTextResponse("")

    async def index(self, _request: Request) -> Response:
        return PlainTextResponse("Hello, this is Hrana over HTTP")

    async def dump(self, request: Request) -> Response:
        """The database as SQL text, streamed."""
        if not self._server.authorized(request.headers.get("Authorization")):
            return _unauthorized()
        database = self._server.settings.database

        def lines() -> Iterator[str]:
            with contextlib.closing(sqlite3.connect(database, check_same_thread=False)) as connection:
                for line in connection.iterdump():
                    yield f"{line}\n"

        return StreamingResponse(lines(), media_type="text/plain")


@dataclass(frozen=True)
class _SqlRequest:
    """A request's body, which Hrana version it is for, and how to know that its client is gone."""

    body: dict[str, object]
    version: int
    gone: HangUp

    @property
    def baton(self) -> str | None:
        baton = self.body.get("baton")
        if not isinstance(baton, str | None):
            raise ProtocolError("Cannot deserialize client message from JSON: invalid baton")
        return baton


class _SqlEndpoint:
    """An endpoint that runs SQL: authorization, faults, and errors as HTTP has them."""

    def __init__(
        self,
        server: HranaServer,
        version: int,
        run: Callable[[HranaServer, _SqlRequest], Awaitable[Response]],
    ) -> None:
        self._server = server
        self._version = version
        self._run = run

    async def answer(self, request: Request) -> Response:
        server = self._server
        if not server.authorized(request.headers.get("Authorization")):
            return _unauthorized()
        try:
            body = await read_object(request, limit=MAX_BODY)
        except NotAnObjectError:
            return PlainTextResponse("Cannot deserialize client message from JSON", status_code=400)
        except BodyTooLargeError:
            return PlainTextResponse("the request is too large", status_code=413)
        obstacle = server.faults.strike("drop", "http_error")
        if obstacle is None or obstacle.executed:
            answer = await self._checked(_SqlRequest(body, self._version, lambda: _hangs_up(request)))
            delay = server.faults.strike("delay")
            if delay is not None:
                await asyncio.sleep(delay.seconds)
            if obstacle is None:
                return answer
        if obstacle.kind == "drop":
            return SeveredConnection(request)
        return PlainTextResponse("injected", status_code=obstacle.http_status)

    async def _checked(self, request: _SqlRequest) -> Response:
        try:
            return await self._run(self._server, request)
        except ProtocolError as exc:
            return PlainTextResponse(str(exc), status_code=400)
        except StreamExpiredError as exc:
            return JSONResponse({"message": str(exc), "code": "STREAM_EXPIRED"}, status_code=500)


async def _pipeline(server: HranaServer, request: _SqlRequest) -> Response:
    requests = request.body.get("requests", [])
    if not isinstance(requests, list):
        raise ProtocolError("Cannot deserialize client message from JSON: invalid requests")
    answer = await server.pipeline(request.baton, requests, version=request.version, gone=request.gone)
    return Response(answer, media_type="application/json")


async def _cursor(server: HranaServer, request: _SqlRequest) -> Response:
    answer = await server.cursor(request.baton, request.body.get("batch"), gone=request.gone)
    return Response(answer, media_type="text/plain")


class _Laboratory:
    """Endpoints under ``/_lab/``: they exist in no database server."""

    def __init__(self, server: HranaServer) -> None:
        self._server = server

    async def state(self, _request: Request) -> Response:
        return JSONResponse(self._server.state())

    async def list_faults(self, _request: Request) -> Response:
        faults = self._server.faults.documents()
        return JSONResponse({"items": faults, "total": len(faults)})

    async def add_fault(self, request: Request) -> Response:
        try:
            fault = self._server.faults.add(parse_fault(await read_object(request, limit=MAX_FAULT_BODY)))
        except NotAnObjectError:
            return JSONResponse({"error": "a JSON object is needed"}, status_code=400)
        except BodyTooLargeError:
            return JSONResponse({"error": "too large"}, status_code=413)
        except InvalidFaultError as exc:
            return JSONResponse({"error": str(exc)}, status_code=400)
        return JSONResponse(fault.document(), status_code=201)

    async def clear_faults(self, request: Request) -> Response:
        return JSONResponse({"lifted": self._server.faults.clear(request.query_params.get("kind"))})


async def _hangs_up(request: Request) -> None:
    """End when the client closes its connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _unauthorized() -> Response:
    return JSONResponse({"error": "Unauthorized: `The JWT is invalid`"}, status_code=401)
