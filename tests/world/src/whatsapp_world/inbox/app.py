"""HTTP face of the inbox: Slack's webhook, the heartbeat receiver, and reading what arrived."""

import contextlib
import ssl
from collections.abc import AsyncIterator
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from whatsapp_world.arrivals import Arrivals, requested_limit
from whatsapp_world.clock import Clock, SystemClock, iso_utc
from whatsapp_world.inbox.heartbeat import (
    DEFAULT_GRACE_SECONDS,
    DeadMansSwitch,
    InvalidGraceError,
    parse_grace,
)
from whatsapp_world.inbox.mail import MailBox, SmtpSettings, smtp_server
from whatsapp_world.request_body import BodyTooLargeError, NotAnObjectError, read_body, read_object

MAX_BODY = 256 * 1024


class Inbox:
    """Slack messages, mail and heartbeats that arrived."""

    def __init__(
        self, clock: Clock | None = None, *, heartbeat_grace_seconds: float = DEFAULT_GRACE_SECONDS
    ) -> None:
        self._clock = clock or SystemClock()
        self._switch = DeadMansSwitch(self._clock, heartbeat_grace_seconds)
        self._heartbeat_at: datetime | None = None
        self.slack = Arrivals()
        self.mail = Arrivals()
        self.heartbeats = Arrivals()
        self.mailbox = MailBox(self.mail, self._clock)

    async def receive_slack(self, request: Request) -> Response:
        """Answer as https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/ describes."""
        try:
            payload = await read_object(request, limit=MAX_BODY)
        except NotAnObjectError:
            return PlainTextResponse("invalid_payload", status_code=400)
        except BodyTooLargeError:
            return PlainTextResponse("too_large", status_code=413)
        if not any(payload.get(key) for key in ("text", "attachments", "blocks")):
            return PlainTextResponse("no_text", status_code=400)
        path = "/slack/" + request.path_params["path"]
        self.slack.append({"received_at": iso_utc(self._clock.now()), "path": path, "payload": payload})
        return PlainTextResponse("ok")

    async def receive_heartbeat(self, request: Request) -> Response:
        """Note that the sender is alive; its content does not matter."""
        try:
            body = await read_body(request, limit=MAX_BODY)
        except BodyTooLargeError:
            return PlainTextResponse("too large", status_code=413)
        self._heartbeat_at = self._clock.now()
        self._switch.beat()
        self.heartbeats.append({"received_at": iso_utc(self._heartbeat_at), "bytes": len(body)})
        return PlainTextResponse("ok")

    async def read_slack(self, request: Request) -> Response:
        """Answer with the Slack messages, newest last."""
        return JSONResponse(self.slack.page(requested_limit(request)))

    async def read_mail(self, request: Request) -> Response:
        """Answer with the mail, newest last."""
        return JSONResponse(self.mail.page(requested_limit(request)))

    async def read_heartbeat(self, request: Request) -> Response:
        """Answer with the last heartbeat's time and age (seconds), null when none came, and the alarms."""
        last = self._heartbeat_at
        age = None if last is None else max(0.0, (self._clock.now() - last).total_seconds())
        return JSONResponse(
            {
                "last_received_at": None if last is None else iso_utc(last),
                "count": self.heartbeats.total,
                "age_seconds": age,
                "grace_seconds": self._switch.grace_seconds,
                "alarms": [alarm.document() for alarm in self._switch.alarms()],
                **self.heartbeats.page(requested_limit(request)),
            }
        )

    async def change_heartbeat(self, request: Request) -> Response:
        """Change how long heartbeats may stay away."""
        try:
            self._switch.change_grace(parse_grace(await read_object(request, limit=MAX_BODY)))
        except NotAnObjectError:
            return JSONResponse({"error": "a JSON object is needed"}, status_code=400)
        except InvalidGraceError as exc:
            return JSONResponse({"error": str(exc)}, status_code=400)
        except BodyTooLargeError:
            return JSONResponse({"error": "too large"}, status_code=413)
        return JSONResponse({"grace_seconds": self._switch.grace_seconds})

    async def forget(self, _request: Request) -> Response:
        """Forget all that arrived."""
        for arrivals in (self.slack, self.mail, self.heartbeats):
            arrivals.clear()
        self._heartbeat_at = None
        self._switch.clear()
        return Response(status_code=204)


def build_app(inbox: Inbox, smtp: SmtpSettings, tls_context: ssl.SSLContext | None) -> Starlette:
    """Return the application; the SMTP server runs while it does, as ``app.state.smtp_server``."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with smtp_server(smtp, inbox.mailbox, tls_context) as server:
            app.state.smtp_server = server
            yield

    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/slack/{path:path}", inbox.receive_slack, methods=["POST"]),
            Route("/heartbeat", inbox.receive_heartbeat, methods=["POST"]),
            Route("/_lab/slack", inbox.read_slack, methods=["GET"]),
            Route("/_lab/mail", inbox.read_mail, methods=["GET"]),
            Route("/_lab/heartbeat", inbox.read_heartbeat, methods=["GET"]),
            Route("/_lab/heartbeat", inbox.change_heartbeat, methods=["POST"]),
            Route("/_lab/messages", inbox.forget, methods=["DELETE"]),
        ],
    )
