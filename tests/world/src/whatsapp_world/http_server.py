"""The HTTP server that every simulator runs on: TLS, readiness, clean stop, connections that can be cut."""

import argparse
import asyncio
import logging
import signal
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from whatsapp_world import service_notification
from whatsapp_world.errors import UsageError

EventLoop = Literal["asyncio", "uvloop"]
GRACEFUL_STOP_SECONDS = 2
MAX_CONCURRENCY = 500


@dataclass(frozen=True)
class Endpoint:
    """Where a simulator listens; TLS when both files are given. Port 0 lets the kernel choose."""

    host: str = "127.0.0.1"
    port: int = 0
    tls_cert: Path | None = None
    tls_key: Path | None = None

    def __post_init__(self) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise UsageError("--tls-cert and --tls-key go together")

    def tls_context(self) -> ssl.SSLContext | None:
        """Return a server context with this certificate, None without one.

        Raises UsageError when the files cannot be read or do not belong together.
        """
        if self.tls_cert is None or self.tls_key is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.tls_cert, self.tls_key)
        except OSError as exc:  # ssl.SSLError is an OSError
            raise UsageError(f"TLS: cannot load {self.tls_cert} with {self.tls_key}: {exc.strerror}") from exc
        return context


def add_endpoint_arguments(parser: argparse.ArgumentParser, *, default_port: int) -> None:
    """Add ``--host --port --tls-cert --tls-key``."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=port_number, default=default_port, help="port, 0 for any (default: %(default)s)"
    )
    parser.add_argument(
        "--tls-cert", type=Path, help="PEM certificate chain; HTTPS when given with --tls-key"
    )
    parser.add_argument("--tls-key", type=Path, help="PEM private key")


def endpoint_of(arguments: argparse.Namespace) -> Endpoint:
    """Return the endpoint that the arguments of add_endpoint_arguments describe; may raise UsageError."""
    return Endpoint(arguments.host, arguments.port, arguments.tls_cert, arguments.tls_key)


def port_number(text: str) -> int:
    """Parse a TCP port, 0 to 65535; for argparse, so ValueError otherwise."""
    value = int(text)
    if not 0 <= value <= 65_535:
        raise ValueError(text)
    return value


class SeverableProtocol(HttpToolsProtocol):
    """HTTP/1.1 that hands its connection to the application as ``request.state.connection``."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, {**app_state, "connection": self}, _loop)


class SeveredConnection(Response):
    """An answer that never comes: the connection is reset before the first byte."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self._protocol: SeverableProtocol = request.state.connection

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Cut the connection and wait until the server has seen it."""
        self._protocol.transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass


class SimulatorServer(uvicorn.Server):
    """uvicorn that tells the service manager when it listens and when it stops."""

    def __init__(self, app: ASGIApp, endpoint: Endpoint, *, loop: EventLoop = "asyncio") -> None:
        context = endpoint.tls_context()
        super().__init__(
            uvicorn.Config(
                app,
                loop=loop,
                host=endpoint.host,
                port=endpoint.port,
                http=SeverableProtocol,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,  # query strings carry verify tokens
                server_header=False,
                limit_concurrency=MAX_CONCURRENCY,
                timeout_graceful_shutdown=GRACEFUL_STOP_SECONDS,
                ssl_context_factory=None if context is None else lambda _config, _default: context,
            )
        )

    async def startup(self, sockets: list[Any] | None = None) -> None:
        """Listen, then report READY."""
        await super().startup(sockets)
        if self.started:
            service_notification.notify(service_notification.READY)

    async def shutdown(self, sockets: list[Any] | None = None) -> None:
        """Report STOPPING, let requests in flight finish, then cut the connections that are left."""
        service_notification.notify(service_notification.STOPPING)
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            if isinstance(connection, SeverableProtocol):
                connection.transport.abort()  # an idle TLS client need never answer a polite close
        await asyncio.sleep(0)

    @property
    def bound_port(self) -> int:
        """The port listened on, once started."""
        port: int = self.servers[0].sockets[0].getsockname()[1]
        return port


def run(app: ASGIApp, endpoint: Endpoint, *, loop: EventLoop = "asyncio") -> int:
    """Serve until SIGTERM or SIGINT; return 0 after a clean stop, 1 when it never started.

    uvloop is the faster event loop; what wraps connections in TLS by itself needs asyncio's.
    """
    configure_logging()
    # uvicorn raises the captured signal again once it has stopped: a handler of ours lets that pass.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    server = SimulatorServer(app, endpoint, loop=loop)
    server.run()
    return 0 if server.started else 1


def configure_logging() -> None:
    """Log to standard error, where the journal adds the time."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # one line a request would drown the rest
    logging.getLogger("mail.log").setLevel(
        logging.ERROR
    )  # aiosmtpd logs the whole dialogue, addresses included
