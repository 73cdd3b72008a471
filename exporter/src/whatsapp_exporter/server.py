"""Serve the application with uvicorn: one process, TLS when configured, readiness told to systemd."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from socket import socket

import uvicorn
from starlette.applications import Starlette

from whatsapp_exporter.systemd_notify import notify
from whatsapp_exporter.tls import RenewingTls
from whatsapp_exporter.web_config import TlsServerConfig

MAX_CONCURRENT_REQUESTS = 40
KEEP_ALIVE_SECONDS = 120  # longer than any scrape interval in use, so that Prometheus keeps its connection


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
    application: Starlette, address: ListenAddress, tls: TlsServerConfig | None = None
) -> ExporterServer:
    """Return the server, not yet running. Raises OSError when `tls` is not usable."""
    context_factory: Callable[[uvicorn.Config, Callable[[], ssl.SSLContext]], ssl.SSLContext] | None = None
    if tls is not None:
        minimum = ssl.TLSVersion.TLSv1_3 if tls.min_version == "TLS13" else ssl.TLSVersion.TLSv1_2
        context = RenewingTls(tls.cert_file, tls.key_file, minimum).context

        def context_factory(
            _config: uvicorn.Config, _default: Callable[[], ssl.SSLContext]
        ) -> ssl.SSLContext:
            return context

    return ExporterServer(
        uvicorn.Config(
            application,
            host=address.host,
            port=address.port,
            lifespan="on",
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            limit_concurrency=MAX_CONCURRENT_REQUESTS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=5,
            ssl_context_factory=context_factory,
        )
    )
