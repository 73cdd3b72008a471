"""A running Alertmanager and what it talks to: an HTTP sink (Slack, SNS, heartbeat) and a mail server."""

import asyncio
import json
import os
import queue
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

SNS_ANSWER = (
    b'<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId>'
    b"</PublishResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></PublishResponse>"
)
PATIENCE = 20.0
"""Seconds that a thing may take that takes less than two."""


@dataclass(frozen=True)
class Request:
    """A POST that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    arrived_at: float
    """Monotonic, seconds."""

    def json(self) -> Any:  # noqa: ANN401 - JSON of others
        return json.loads(self.body)


class HttpSink:
    """Takes every POST and keeps it by the first part of its path."""

    def __init__(self) -> None:
        self._arrived: dict[str, queue.Queue[Request]] = defaultdict(queue.Queue)
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                request = Request(self.path, dict(self.headers), body, time.monotonic())
                sink._arrived[self.path.split("/")[1]].put(request)
                answer = SNS_ANSWER if self.path.startswith("/sns") else b"ok"
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/{path}"

    def next(self, kind: str) -> Request:
        """Return the next request to `/kind…`; raises `queue.Empty` when none comes."""
        return self._arrived[kind].get(timeout=PATIENCE)

    def waiting(self, kind: str) -> list[Request]:
        """Return what has arrived and was not yet taken."""
        return list(self._arrived[kind].queue)


class MailSink:
    """An SMTP server that keeps the messages."""

    def __init__(self) -> None:
        self._arrived: queue.Queue[EmailMessage] = queue.Queue()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._controller = Controller(self, hostname="127.0.0.1", port=self._port, loop=self._loop)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.content
        message = message_from_bytes(content if isinstance(content, bytes) else b"", policy=policy.default)
        assert isinstance(message, EmailMessage)
        self._arrived.put(message)
        return "250 OK"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()
        self._loop.close()

    @property
    def smarthost(self) -> str:
        return f"127.0.0.1:{self._port}"

    def next(self) -> EmailMessage:
        return self._arrived.get(timeout=PATIENCE)

    def waiting(self) -> list[EmailMessage]:
        """Return what has arrived and was not yet taken."""
        return list(self._arrived.queue)


class AlertmanagerProcess:
    """A real Alertmanager on a port of its own, started with `start`."""

    def __init__(self, binary: str, directory: Path) -> None:
        self._binary = binary
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=PATIENCE)

    @property
    def log(self) -> str:
        return (self._directory / "alertmanager.log").read_text(encoding="utf-8")

    def start(self, configuration: Path, environment: dict[str, str]) -> None:
        arguments = [
            self._binary,
            f"--config.file={configuration}",
            f"--storage.path={self._directory / 'storage'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
            "--cluster.listen-address=",
        ]
        with (self._directory / "alertmanager.log").open("wb") as log:
            self._process = subprocess.Popen(
                arguments, stdout=log, stderr=log, env={"PATH": os.environ["PATH"], **environment}
            )
        self._until_ready()

    def post(self, alerts: list[dict[str, Any]]) -> None:
        self._call("/api/v2/alerts", alerts)

    def alerts(self) -> dict[str, dict[str, Any]]:
        """Return alert name and, where it has one, `health` label -> what Alertmanager knows of the alert."""
        return {
            " ".join(filter(None, map(alert["labels"].get, ("alertname", "health")))): alert
            for alert in self._call("/api/v2/alerts")
        }

    def known(self) -> list[dict[str, Any]]:
        """Return what Alertmanager knows of every alert."""
        found = self._call("/api/v2/alerts")
        assert isinstance(found, list)
        return found

    def silence(self, matchers: list[dict[str, Any]], seconds: int = 600) -> None:
        """Create a silence that begins now."""
        now = datetime.now(UTC)
        self._call(
            "/api/v2/silences",
            {
                "matchers": matchers,
                "startsAt": now.isoformat(),
                "endsAt": (now + timedelta(seconds=seconds)).isoformat(),
                "createdBy": "test",
                "comment": "test",
            },
        )

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def _call(self, path: str, document: object = None) -> Any:  # noqa: ANN401 - JSON of others
        data = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{path}", data=data, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - as above
            content = answer.read()
        return json.loads(content) if content else None

    def _until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self._call("/api/v2/status")
            except (urllib.error.URLError, ConnectionError):
                assert self._process is not None
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(self.log) from None
                threading.Event().wait(0.05)
            else:
                return
