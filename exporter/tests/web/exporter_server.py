"""The exporter's server with a web configuration, and clients of it."""

import asyncio
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from whatsapp_exporter.server import REQUEST_SECONDS, ListenAddress, create_server
from whatsapp_exporter.web_config_watcher import WebConfigWatcher

from .authority import Pair

REFUSED = (ssl.SSLError, ConnectionError)
"""What a client meets when the server closes the connection."""


class Clock:
    """A monotonic clock that goes when told."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        """The seconds now."""
        return self.seconds


class WebFile:
    """A web configuration file, what watches it, and the clock by which it looks."""

    def __init__(self, path: Path, content: Mapping[str, object]) -> None:
        self.path = path
        self.clock = Clock()
        self.write(content)
        self.watcher = WebConfigWatcher(path, monotonic=self.clock)

    def write(self, content: Mapping[str, object]) -> None:
        """Replace the content."""
        self.path.write_text(json.dumps(content), encoding="utf-8")
        self.path.chmod(0o600)

    def change(self, content: Mapping[str, object]) -> None:
        """Replace the content and let the time pass after which it is looked at."""
        self.write(content)
        self.pass_time()

    def pass_time(self) -> None:
        """Let the time pass after which files are looked at."""
        self.clock.seconds += 1.5


class Running:
    """A running server: its port, and how many requests reached the application."""

    def __init__(self, port: int, trust: Path | None) -> None:
        self.port = port
        self.trust = trust
        self.requests = 0

    def connect(
        self,
        client: Pair | None = None,
        *,
        prepare: Callable[[ssl.SSLContext], None] = lambda _: None,
    ) -> ssl.SSLSocket:
        """Shake hands; `client` is the certificate to show."""
        context = ssl.create_default_context(cafile=self.trust)
        if client is not None:
            context.load_cert_chain(client.certificate, client.key)
        prepare(context)
        return self.wrapped(context)

    def wrapped(self, context: ssl.SSLContext, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
        """Shake hands as the client's context says, with the session of an earlier connection if given."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        try:
            return context.wrap_socket(plain, server_hostname="127.0.0.1", session=session)
        except BaseException:
            plain.close()
            raise

    def page(self, client: Pair | None = None) -> str:
        """The page over TLS."""
        with self.connect(client) as connection:
            return answer(connection)

    def shown(self) -> bytes:
        """The certificate that the server shows (DER)."""
        with self.connect() as connection:
            answer(connection)
            shown = connection.getpeercert(binary_form=True)
        assert shown is not None
        return shown


def answer(connection: ssl.SSLSocket) -> str:
    """Ask for the page; give its body."""
    connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    response = http.client.HTTPResponse(connection)
    response.begin()
    with response:
        assert response.status == 200
        return response.read().decode()


@contextmanager
def running(
    watcher: WebConfigWatcher,
    trust: Path | None = None,
    loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
    *,
    request_seconds: float = REQUEST_SECONDS,
) -> Iterator[Running]:
    """Serve a page behind the web configuration, in a thread, until the block's end."""
    listener = socket.create_server(("127.0.0.1", 0))
    found = Running(listener.getsockname()[1], trust)

    async def page(_request: Request) -> Response:
        found.requests += 1
        return HTMLResponse("the page", headers={"Content-Security-Policy": "default-src 'none'"})

    server = create_server(
        Starlette(routes=[Route("/", page)]),
        ListenAddress("127.0.0.1", found.port),
        web=watcher,
        request_seconds=request_seconds,
    )

    def run() -> None:
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(server.serve(sockets=[listener]))

    thread = threading.Thread(target=run, name="server")
    thread.start()
    try:
        yield found
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
        assert not thread.is_alive()
