"""Meta's own endpoints, except sending."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from whatsapp_world.graph.business import APP_NAME
from whatsapp_world.graph.errors import GraphError
from whatsapp_world.graph.faults import READS
from whatsapp_world.graph.nodes import (
    ACCOUNT_DEFAULTS,
    PHONE_DEFAULTS,
    TEMPLATE_DEFAULTS,
    Nodes,
    page,
    selected,
)
from whatsapp_world.graph.obstacle import obstructed
from whatsapp_world.graph.read_limit import limit_reached, usage_headers
from whatsapp_world.graph.simulator import GraphSimulator, injected_error
from whatsapp_world.graph.token import MANAGEMENT
from whatsapp_world.graph.versions import ApiVersion

VERSION_HEADER = "facebook-api-version"
_PHONE = "WhatsAppBusinessPhoneNumber"
_ACCOUNT = "WhatsAppBusinessAccount"
_TEMPLATE = "WhatsAppBusinessHSM"
_TEMPLATE_FILTERS = ("name", "language", "status", "category")

Handler = Callable[[Request], Awaitable[Response]]


def refusal(simulator: GraphSimulator, error: GraphError) -> tuple[int, dict[str, str], dict[str, object]]:
    """Return HTTP status, headers and document of Meta's answer to a refused call."""
    status = simulator.http_status(error)
    headers = {}
    if status == httpx.codes.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'OAuth "Facebook Platform" "invalid_token"'
    return status, headers, error.document()


class MetaApi:
    """Reads of nodes, edges and tokens."""

    def __init__(self, simulator: GraphSimulator) -> None:
        self._simulator = simulator
        self._nodes = Nodes(simulator.business, simulator.settings.number)

    def routes(self) -> list[Route]:
        """Return the endpoints; they take whatever path is left, so they come last."""
        return [
            Route("/debug_token", self._guarded(self._debug_token), methods=["GET"]),
            Route("/{version}/debug_token", self._guarded(self._debug_token), methods=["GET"]),
            Route("/{version}/me", self._guarded(self._me), methods=["GET"]),
            Route("/{version}/{node}", self._guarded(self._node), methods=["GET"]),
            Route("/{version}/{node}/{edge}", self._guarded(self._edge), methods=["GET"]),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        """Turn a GraphError into Meta's JSON answer, and let faults hit reads."""
        simulator = self._simulator

        async def answer(request: Request) -> Response:
            try:
                injected = simulator.faults.strike("error", on=READS)
                if injected is not None:
                    raise injected_error(injected)
                response = await handler(request)
            except GraphError as exc:
                status, headers, document = refusal(simulator, exc)
                response = JSONResponse(document, status_code=status, headers=headers)
                self._add_usage(response)
            obstacle = simulator.faults.strike("hang", "drop", on=READS)
            return response if obstacle is None else await obstructed(request, obstacle, response)

        return answer

    async def _me(self, request: Request) -> Response:
        version = self._version(request)
        self._authorize(request, None)
        return _answer({"id": "100000000000002", "name": APP_NAME}, version)

    async def _debug_token(self, request: Request) -> Response:
        simulator = self._simulator
        version = self._version(request) if "version" in request.path_params else None
        self._authorize(request, None)
        inspected = request.query_params.get("input_token", "")
        if not inspected:
            raise GraphError(100, message="(#100) The parameter input_token is required.")
        data = simulator.token.description(
            inspected,
            now=simulator.clock.now().timestamp(),
            usable=not simulator.faults.active("auth_expired"),
            account_id=simulator.settings.number.account_id,
        )
        return _answer({"data": data}, version)

    async def _node(self, request: Request) -> Response:
        version = self._begin_read(request)
        number = self._simulator.settings.number
        node = request.path_params["node"]
        if node == number.phone_number_id:
            return self._fields(request, version, self._nodes.phone(version.major), PHONE_DEFAULTS, _PHONE)
        if node == number.account_id:
            account = self._nodes.account(version.major)
            return self._fields(request, version, account, ACCOUNT_DEFAULTS, _ACCOUNT)
        templates = self._simulator.settings.templates
        state = None if templates is None else templates.find_id(node)
        if state is None:
            raise GraphError(803, message="Phone number not found")
        template = self._nodes.template(state)
        return self._fields(request, version, template, TEMPLATE_DEFAULTS, _TEMPLATE)

    async def _edge(self, request: Request) -> Response:
        version = self._begin_read(request)
        node, edge = request.path_params["node"], request.path_params["edge"]
        if node != self._simulator.settings.number.account_id:
            raise GraphError(803, message="WhatsApp Business Account not found")
        wanted = request.query_params.get("fields", "")
        if edge == "phone_numbers":
            phone = self._nodes.phone(version.major)
            items = [selected(phone, wanted, defaults=PHONE_DEFAULTS, node=_PHONE)]
        elif edge == "message_templates":
            items = self._templates(request, wanted)
        elif edge == "subscribed_apps":
            items = self._nodes.subscribed_apps()
        else:
            raise GraphError(2500, message=f"Unknown path components: /{edge[:80]}")
        return self._with_usage(_answer(self._page(request, items), version))

    def _templates(self, request: Request, wanted: str) -> list[dict[str, object]]:
        """Return the templates that the filters of the query leave."""
        query = request.query_params
        found = []
        for state in self._simulator.settings.templates or ():
            available = self._nodes.template(state)
            filters = {name: query[name] for name in _TEMPLATE_FILTERS if name in query}
            if all(available[name] == value for name, value in filters.items()):
                found.append(selected(available, wanted, defaults=TEMPLATE_DEFAULTS, node=_TEMPLATE))
        return found

    def _page(self, request: Request, items: Sequence[dict[str, object]]) -> dict[str, object]:
        query = request.query_params
        kept = [f"{key}={value}" for key, value in query.items() if key not in {"limit", "after", "before"}]
        url = f"{request.url.replace(query='')}?{'&'.join(kept)}"
        return page(
            items,
            limit=query.get("limit", ""),
            after=query.get("after", ""),
            before=query.get("before", ""),
            url=url,
        )

    def _begin_read(self, request: Request) -> ApiVersion:
        """Check version, token and the hourly limit of a management read."""
        simulator = self._simulator
        version = self._version(request)
        self._authorize(request, MANAGEMENT)
        limited = simulator.faults.strike("read_limit", on=READS)
        if limited is not None:
            raise limit_reached(limited.code or simulator.reads.code)
        simulator.reads.take(registered=simulator.business.phone.registered)
        return version

    def _version(self, request: Request) -> ApiVersion:
        text = request.path_params["version"]
        return self._simulator.versions.resolve(text, request.url.path.removeprefix(f"/{text}/"))

    def _authorize(self, request: Request, scope: str | None) -> None:
        header = request.headers.get("Authorization")
        self._simulator.authorize(None if header is None else header.encode("latin-1"), scope)

    def _fields(
        self,
        request: Request,
        version: ApiVersion,
        available: Mapping[str, object],
        defaults: Sequence[str],
        node: str,
    ) -> Response:
        wanted = request.query_params.get("fields", "")
        document = selected(available, wanted, defaults=defaults, node=node)
        return self._with_usage(_answer(document, version))

    def _with_usage(self, response: Response) -> Response:
        self._add_usage(response)
        return response

    def _add_usage(self, response: Response) -> None:
        """Add the usage headers once enough calls have been made."""
        response.headers.update(usage_of(self._simulator))


def usage_of(simulator: GraphSimulator) -> dict[str, str]:
    """Return the usage headers that an answer carries now, none until a tenth of the hour's calls is used.

    The fault ``usage`` decides the share instead.
    """
    fault = simulator.faults.find("usage")
    registered = simulator.business.phone.registered
    percent = simulator.reads.percent(registered=registered) if fault is None else fault.percent or 0
    if fault is None and not simulator.reads.tells(percent):
        return {}
    return usage_headers(
        simulator.settings.number.account_id,
        percent=percent,
        minutes_to_regain=simulator.reads.minutes_to_regain(registered=registered),
    )


def _answer(document: dict[str, object], version: ApiVersion | None) -> Response:
    headers = {} if version is None else {VERSION_HEADER: version.text}
    return JSONResponse(document, headers=headers)
