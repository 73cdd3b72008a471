"""Both daemons as processes: readiness, several workers, refusal to start, and a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest
from libsql_client import Client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from whatsapp_service.settings import Settings

Serve = Callable[[ASGIApp], AbstractAsyncContextManager[str]]


@contextlib.contextmanager
def _port() -> Iterator[int]:
    """A port that a daemon can listen on and that nobody else is given meanwhile."""
    with socket.socket() as holder:
        holder.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # bound twice is allowed, listening is not
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture
def environ(tmp_path: Path, settings: Settings) -> Iterator[dict[str, str]]:
    """A whole production-like environment for one daemon."""
    digest = hashlib.sha256(b"all").hexdigest()
    secrets = {
        "API_KEYS": json.dumps([{"name": "all", "scopes": ["operate", "read", "monitor"], "sha256": digest}]),
        "WHATSAPP_APP_SECRET": "app-secret",
        "WHATSAPP_VERIFY_TOKEN": "verify",
        "WHATSAPP_ACCESS_TOKEN": "access",
    }
    for name, text in secrets.items():
        (tmp_path / name).write_text(text)
    with _port() as api_port, _port() as metrics_port:
        yield {
            "PATH": os.environ["PATH"],
            "TURSO_DATABASE_URL": settings.turso_database_url,
            "REDIS_URL": settings.redis_url or "",
            "WORKERS": "2",
            "API_PORT": str(api_port),
            "SCHEDULER_METRICS_PORT": str(metrics_port),
            "WHATSAPP_PHONE_NUMBER_ID": "1055500",
            "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics"),
            "LOG_DIR": str(tmp_path),
            **{f"{name}_FILE": str(tmp_path / name) for name in secrets},
        }


@pytest.fixture
def systemd(tmp_path: Path, environ: dict[str, str]) -> Iterator[socket.socket]:
    """Where systemd listens for READY=1."""
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(address))
        listener.settimeout(30)
        environ["NOTIFY_SOCKET"] = str(address)
        yield listener


@contextlib.asynccontextmanager
async def _daemon(name: str, environ: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"whatsapp_service.{name}", env=environ, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def test_api_with_two_workers(
    environ: dict[str, str], systemd: socket.socket, database: Client, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{environ['API_PORT']}"
    stale = tmp_path / "metrics" / "counter_1.db"
    stale.parent.mkdir()
    stale.write_bytes(b"from an earlier start")
    async with _daemon("api", environ) as process:
        assert await asyncio.to_thread(systemd.recv, 64) == b"READY=1"
        for _ in range(20):  # a new connection each time, so that both workers serve some
            async with httpx.AsyncClient(base_url=url) as client:
                assert (await client.get("/health")).status_code == 200
        async with httpx.AsyncClient(base_url=url, headers={"X-API-Key": "all"}) as client:
            body = {"empresa_id": 7, "contacto_id": 1, "plantilla_id": 1, "variables": {"nombre": "Ana"}}
            assert (await client.post("/api/notifications", json=body)).status_code == 201
            event = b'{"entry": []}'
            signature = hmac.new(b"app-secret", event, hashlib.sha256).hexdigest()
            answer = await client.post(
                "/api/notifications/webhook",
                content=event,
                headers={"X-Hub-Signature-256": f"sha256={signature}"},
            )
            assert answer.status_code == 200
            text = (await client.get("/metrics")).text
        assert 'whatsapp_http_requests_total{method="GET",route="/health",status="200"} 20.0' in text
        assert "whatsapp_pending_notifications 1.0" in text
        # What nothing has counted yet: shown by each worker, once on the page, in no file of its own.
        assert text.count('whatsapp_account_events_total{field="account_update"} 0.0') == 1
        assert text.count('whatsapp_webhook_requests_total{result="bad_signature"} 0.0') == 1
        files = [file.name.partition("_")[0] for file in (tmp_path / "metrics").glob("*.db")]
        assert sorted(files) == ["counter", "counter", "histogram", "histogram"]
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0
    assert not stale.exists()
    lines = [json.loads(line) for line in (tmp_path / "api.log").read_text().splitlines()]
    endpoints = {line["context"].get("endpoint") for line in lines}
    assert "POST /api/notifications" in endpoints
    assert "987654321" not in (tmp_path / "api.log").read_text()


async def test_scheduler_sends_and_finishes_what_it_has(
    environ: dict[str, str], systemd: socket.socket, database: Client, serve: Serve
) -> None:
    arrived, release = asyncio.Event(), asyncio.Event()

    async def messages(request: Request) -> Response:
        body = await request.json()
        arrived.set()
        await release.wait()
        return JSONResponse({"messages": [{"id": f"wamid.{body['biz_opaque_callback_data']}"}]})

    async def phone(_request: Request) -> Response:
        return JSONResponse({"id": "1055500"})

    graph = Starlette(
        routes=[
            Route("/v23.0/1055500/messages", messages, methods=["POST"]),
            Route("/v23.0/1055500", phone),
        ]
    )
    for _ in range(6):
        await database.execute(
            """INSERT INTO whatsapp_notificaciones (empresa_id, contacto_id, plantilla_id, evento, variables)
            VALUES (7, 1, 1, 'x', '{"nombre": "Ana"}')"""
        )
    async with serve(graph) as url, _daemon("scheduler", environ | {"WHATSAPP_API_URL": url}) as process:
        assert await asyncio.to_thread(systemd.recv, 64) == b"READY=1"
        async with asyncio.timeout(20):
            await arrived.wait()
        async with httpx.AsyncClient() as client:
            metrics = await client.get(f"http://127.0.0.1:{environ['SCHEDULER_METRICS_PORT']}/metrics")
        assert "whatsapp_rate_limit_remaining" in metrics.text
        process.send_signal(signal.SIGTERM)
        release.set()
        assert await asyncio.wait_for(process.wait(), 20) == 0
    counted = await database.execute("SELECT estado, total FROM whatsapp_conteo_estados WHERE total > 0")
    states = {str(row[0]): row[1] for row in counted}
    assert set(states) <= {"ENVIADA", "PENDIENTE"}  # what waited for its moment was given back
    assert sum(int(str(total)) for total in states.values()) == 6
    assert "ENVIADA" in states
    leased = await database.execute("SELECT 1 FROM whatsapp_notificaciones WHERE reservada_por IS NOT NULL")
    assert leased.rows == []


@pytest.mark.parametrize("name", ["api", "scheduler"])
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, "the database schema is at version 0, this code needs"),
        ({"BATCH_SIZE": "0"}, "BATCH_SIZE: input should be greater than or equal to 1"),
        ({"API_KEYS_FILE": "", "WHATSAPP_ACCESS_TOKEN_FILE": ""}, "_FILE: is required"),
        ({"LOG_DIR": "/nonexistent"}, "No such file or directory"),
    ],
)
async def test_daemons_refuse_to_start_with_one_clear_line(
    environ: dict[str, str], name: str, change: dict[str, str], reason: str
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"whatsapp_service.{name}",
        env=environ | change,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    lines = errors.decode().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"whatsapp-{name}: ")
    assert reason in lines[0]
