"""A scheduler on a real database, in front of a Graph API on a real socket, with a clock set by hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

from libsql_client import Client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from whatsapp_database import rows, timestamps
from whatsapp_service.graph.client import GraphClient
from whatsapp_service.scheduler.context import SchedulerContext
from whatsapp_service.scheduler.metrics import SchedulerMetrics
from whatsapp_service.scheduler.scheduler import Scheduler
from whatsapp_service.settings import Settings

Serve = Callable[[ASGIApp], AbstractAsyncContextManager[str]]
Answer = Callable[[dict[str, Any]], Awaitable[Response]]
NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def accepted(number: int | str) -> Response:
    return JSONResponse({"messaging_product": "whatsapp", "messages": [{"id": f"wamid.{number}"}]})


def refused(code: int, status: int = 400) -> Response:
    return JSONResponse({"error": {"message": f"(#{code}) refused", "code": code}}, status)


class GraphApi:
    """Meta's side: keeps what it was sent and answers as told."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.tokens: set[str] = set()
        self.answers: list[Response] = []
        self.before_answer: Answer | None = None
        self.phone_answer: dict[str, Any] = {"id": "1055500"}

    async def messages(self, request: Request) -> Response:
        body = await request.json()
        self.received.append(body)
        self.tokens.add(request.headers["authorization"])
        if self.before_answer is not None:
            await self.before_answer(body)
        return self.answers.pop(0) if self.answers else accepted(len(self.received))

    async def phone(self, _request: Request) -> Response:
        status = 401 if "error" in self.phone_answer else 200
        return JSONResponse(self.phone_answer, status)

    def app(self) -> ASGIApp:
        return Starlette(
            routes=[
                Route("/v23.0/1055500/messages", self.messages, methods=["POST"]),
                Route("/v23.0/1055500", self.phone),
            ]
        )


class SchedulerBench:
    """A scheduler in front of the Graph API, with a clock that is set by hand."""

    def __init__(self, settings: Settings, database: Client, graph: GraphApi, url: str) -> None:
        self.now = NOW
        self.graph = graph
        self.database = database
        self.client = GraphClient(settings.model_copy(update={"whatsapp_api_url": url}))
        self.context = SchedulerContext(
            settings=settings,
            database=database,
            graph=self.client,
            metrics=SchedulerMetrics(),
            instance="me",
            clock=lambda: self.now,
            random=lambda: 0.0,
        )
        self.scheduler = Scheduler(self.context)

    async def insert(
        self,
        count: int = 1,
        *,
        prioridad: int = 0,
        contacto_id: int = 1,
        plantilla_id: int = 1,
        empresa_id: int = 7,
    ) -> list[int]:
        """Notifications that are due now."""
        found: list[int] = []
        for _ in range(count):
            result = await self.database.execute(
                """INSERT INTO whatsapp_notificaciones
                    (empresa_id, contacto_id, plantilla_id, evento, variables, prioridad, programada_para)
                VALUES (?, ?, ?, 'x', '{"nombre": "Ana"}', ?, ?) RETURNING id""",
                (empresa_id, contacto_id, plantilla_id, prioridad, timestamps.to_text(self.now)),
            )
            found.append(rows.integer(result[0], "id"))
        return found

    async def states(self, notification_ids: list[int]) -> list[object]:
        """The states of these notifications."""
        return [(await self.row(notification_id))["estado"] for notification_id in notification_ids]

    async def row(self, notification_id: int) -> dict[str, Any]:
        result = await self.database.execute(
            "SELECT * FROM whatsapp_notificaciones WHERE id = ?", (notification_id,)
        )
        return dict(result[0].asdict())

    def sends(self, result: str, error_class: str) -> float | None:
        return self.context.metrics.registry.get_sample_value(
            "whatsapp_send_requests_total", {"result": result, "error_class": error_class}
        )

    def kinds_of_send(self) -> set[tuple[str, str]]:
        """The pairs of result and error class that the metrics show."""
        return {
            (sample.labels["result"], sample.labels["error_class"])
            for family in self.context.metrics.registry.collect()
            for sample in family.samples
            if sample.name == "whatsapp_send_requests_total"
        }
