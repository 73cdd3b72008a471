"""Endpoints under ``/_lab/`` that change the business, its limits, versions and error codes' HTTP status."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from whatsapp_world.graph import fields
from whatsapp_world.graph.events import Events
from whatsapp_world.graph.fields import InvalidFieldError
from whatsapp_world.graph.lab_api import MAX_BODY, Handler, NoWebhooksError, guarded
from whatsapp_world.graph.management import Management
from whatsapp_world.graph.read_limit import LIMIT_CODES
from whatsapp_world.graph.simulator import GraphSimulator, new_message_id
from whatsapp_world.graph.template_management import TemplateManagement
from whatsapp_world.graph.token_bucket import HIGH_MESSAGES_PER_SECOND, MESSAGES_PER_SECOND, SendLimits
from whatsapp_world.graph.versions import EXPIRED_POLICIES
from whatsapp_world.request_body import read_object

MAX_RATE = 1e6
Change = Callable[[Mapping[str, object]], dict[str, object]]


class LabBusinessApi:
    """What operators change about the business."""

    def __init__(
        self, simulator: GraphSimulator, management: Management, templates: TemplateManagement
    ) -> None:
        self._simulator = simulator
        self._management = management
        self._templates = templates
        self._events = Events(simulator.settings.number, templates, simulator.clock, new_message_id)

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        management = self._management
        pairs: list[tuple[str, Callable[[], dict[str, object]], Change]] = [
            ("/_lab/phone", management.phone, self._change_phone),
            ("/_lab/account", management.account, management.change_account),
            ("/_lab/token", management.token, management.change_token),
            ("/_lab/health", management.health, management.change_health),
            ("/_lab/templates", self._templates.documents, self._templates.change),
            ("/_lab/versions", self._simulator.versions.document, self._change_versions),
            ("/_lab/limits", self._limits, self._change_limits),
            ("/_lab/error-statuses", self._error_statuses, self._change_error_statuses),
        ]
        routes = [Route("/_lab/events", guarded(self._event), methods=["POST"])]
        for path, read, change in pairs:
            routes.append(Route(path, _reader(read), methods=["GET"]))
            routes.append(Route(path, guarded(_changer(change)), methods=["POST"]))
        return routes

    async def _event(self, request: Request) -> Response:
        if self._simulator.sender is None:
            raise NoWebhooksError
        document = await read_object(request, limit=MAX_BODY)
        change = self._events.build(document)
        if change.field == "messages":
            self._simulator.open_window(self._events.sender(document))
        self._simulator.emit(change)
        return JSONResponse({"field": change.field, "value": change.value}, status_code=202)

    def _change_phone(self, document: Mapping[str, object]) -> dict[str, object]:
        before = self._management.phone()["throughput"]
        after = self._management.change_phone(document)
        limits = self._simulator.throttle.limits
        if after["throughput"] != before and limits.messages_per_second > 0:
            high = after["throughput"] == "HIGH"
            rate = HIGH_MESSAGES_PER_SECOND if high else MESSAGES_PER_SECOND
            self._simulator.throttle.change(SendLimits(rate, limits.pair_seconds, limits.pair_burst))
        return after

    def _change_versions(self, document: Mapping[str, object]) -> dict[str, object]:
        fields.only(document, ("expired", "expires"))
        policy = fields.choice(document, "expired", EXPIRED_POLICIES)
        expires: dict[str, date | None] = {}
        for text, end in (fields.mapping(document, "expires") or {}).items():
            try:
                expires[text] = None if end is None else date.fromisoformat(str(end))
            except ValueError as exc:
                raise InvalidFieldError("expires must hold dates such as 2026-12-31, or null") from exc
        try:
            self._simulator.versions.change(expired=policy, expires=expires)
        except KeyError as exc:
            raise InvalidFieldError(f"there is no version {str(exc.args[0])[:20]}") from exc
        return self._simulator.versions.document()

    def _limits(self) -> dict[str, object]:
        limits, reads = self._simulator.throttle.limits, self._simulator.reads
        return {
            "messages_per_second": limits.messages_per_second,
            "pair_seconds": limits.pair_seconds,
            "pair_burst": limits.pair_burst,
            "reads_per_hour": reads.limit(registered=self._simulator.business.phone.registered),
            "read_limit_code": reads.code,
        }

    def _change_limits(self, document: Mapping[str, object]) -> dict[str, object]:
        """Change limits; 0 lifts one. Buckets are full afterwards."""
        fields.only(document, self._limits())
        before, reads = self._simulator.throttle.limits, self._simulator.reads
        rate = fields.number(document, "messages_per_second", 0, MAX_RATE)
        pair_seconds = fields.number(document, "pair_seconds", 0, MAX_RATE)
        pair_burst = fields.integer(document, "pair_burst", 1, int(MAX_RATE))
        reads_per_hour = fields.integer(document, "reads_per_hour", 0, int(MAX_RATE))
        code = fields.integer(document, "read_limit_code", 0, 10**7)
        if code is not None and code not in LIMIT_CODES:
            raise InvalidFieldError(f"read_limit_code must be one of {', '.join(map(str, LIMIT_CODES))}")
        self._simulator.throttle.change(
            SendLimits(
                before.messages_per_second if rate is None else rate,
                before.pair_seconds if pair_seconds is None else pair_seconds,
                pair_burst or before.pair_burst,
            )
        )
        reads.reads_per_hour = reads.reads_per_hour if reads_per_hour is None else reads_per_hour
        reads.code = code or reads.code
        return self._limits()

    def _error_statuses(self) -> dict[str, object]:
        return {str(code): status for code, status in sorted(self._simulator.error_statuses.items())}

    def _change_error_statuses(self, document: Mapping[str, object]) -> dict[str, object]:
        """Set the HTTP status of error codes; null returns one to the usual."""
        changed: dict[int, int | None] = {}
        for code in document:
            if not (code.isascii() and code.isdecimal() and len(code) <= 7):
                raise InvalidFieldError("members must be error codes")
            changed[int(code)] = fields.integer(document, code, 400, 599)
        for number, status in changed.items():
            if status is None:
                self._simulator.error_statuses.pop(number, None)
            else:
                self._simulator.error_statuses[number] = status
        return self._error_statuses()


def _reader(read: Callable[[], dict[str, object]]) -> Handler:
    async def answer(_request: Request) -> Response:
        return JSONResponse(read())

    return answer


def _changer(change: Change) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return JSONResponse(change(await read_object(request, limit=MAX_BODY)))

    return answer
