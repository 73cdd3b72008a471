"""Serve the application with uvicorn: one process, TLS when configured, readiness told to systemd."""

import ssl
from dataclasses import dataclass
from socket import socket

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from whatsapp_exporter.protection import protect
from whatsapp_exporter.request_deadline import with_request_deadline
from whatsapp_exporter.systemd_notify import notify
from whatsapp_exporter.tls import RenewingContext, RenewingTls
from whatsapp_exporter.tls_config import TlsServerConfig
from whatsapp_exporter.web_config_watcher import WebConfigWatcher

MAX_CONNECTIONS = 200  # those that are idle count too; uvicorn answers 503 beyond
KEEP_ALIVE_SECONDS = 120  # longer than any scrape interval in use, so that Prometheus keeps its connection
REQUEST_SECONDS = 10.0  # from a connection to the whole head of its request


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where to listen: a host (name or address) and a port (0: any free one)."""

    host: str
    port: int


def parse_listen_address(text: str) -> ListenAddress:
    """Read `host:port`, `[v6]:port` or `:port` (every address). Raises ValueError."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"not a listen address: {text!r} (host:port)")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"not a listen address: {text!r} (an IPv6 address goes in brackets)")
    return ListenAddress(host or "0.0.0.0", int(port))  # noqa: S104 - `:port` asks for every address


class ExporterServer(uvicorn.Server):
    """A uvicorn server that says `READY=1` to systemd when it listens and `STOPPING=1` when it ends."""

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start to listen, then say so."""
        await super().startup(sockets=sockets)
        if self.started:
            notify("READY=1")

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Say that the end has begun, then close."""
        notify("STOPPING=1")
        await super().shutdown(sockets=sockets)


def create_server(
    application: ASGIApp,
    address: ListenAddress,
    tls: TlsServerConfig | None = None,
    *,
    web: WebConfigWatcher | None = None,
    request_seconds: float = REQUEST_SECONDS,
) -> ExporterServer:
    """Return the server, not yet running, with everything that the web configuration asks for.

    `tls` alone, without the rest of a web configuration: raises OSError when it is not usable.
    `request_seconds`: how long a connection may take to send the head of a request.
    """
    context: ssl.SSLContext | None = None
    if web is not None:
        application = protect(application, web.current)
        context = RenewingContext(web.tls_context) if web.speaks_tls else None
    elif tls is not None:
        renewing, settings = RenewingTls(tls), tls
        context = RenewingContext(lambda: renewing.newest(settings))
    return ExporterServer(
        uvicorn.Config(
            application,
            http=with_request_deadline(AutoHTTPProtocol, request_seconds),
            host=address.host,
            port=address.port,
            lifespan="on",
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=5,
            ssl_context_factory=None if context is None else lambda _config, _default: context,
        )
    )
