"""HTTP face of SNS: requests go to moto, text messages that it accepted are remembered.

moto's own development server finishes TLS handshakes in its accept loop, so one idle client would stop it;
here moto's WSGI application runs in worker threads behind the server that all simulators share.
"""

import asyncio
import re
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from moto.backends import get_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from whatsapp_world.arrivals import Arrivals, requested_limit
from whatsapp_world.clock import Clock, SystemClock, iso_utc
from whatsapp_world.request_body import BodyTooLargeError, read_body

MAX_BODY = 64 * 1024
_XML = "text/xml"
# AWS4-HMAC-SHA256 Credential=<key>/<date>/<region>/sns/aws4_request, SignedHeaders=…, Signature=…
_SIGNATURE = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=[^/,]+/\d{8}/([a-z0-9-]{1,40})/sns/aws4_request *, *\S.*"
)
_FORWARDED_HEADERS = ("authorization", "content-type", "x-amz-date", "x-amz-security-token", "user-agent")
_MESSAGE_ID = "{http://sns.amazonaws.com/doc/2010-03-31/}MessageId"


class SmsGateway:
    """Moto's SNS and the text messages that it took."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self.sms = Arrivals()

    async def call(self, request: Request) -> Response:
        """Answer an AWS query request; what is not signed for SNS does not reach moto."""
        match = _SIGNATURE.fullmatch(request.headers.get("Authorization", ""))
        if match is None:
            return _refusal(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        try:
            body = await read_body(request, limit=MAX_BODY)
        except BodyTooLargeError:
            return _refusal(413, "RequestEntityTooLarge", "The request is too large")
        headers = {name: request.headers[name] for name in _FORWARDED_HEADERS if name in request.headers}
        status, content, media_type = await asyncio.to_thread(self._ask_moto, body, headers)
        if status == 200:
            self._remember(content, region=match[1])
        return Response(content, status_code=status, headers={"Content-Type": media_type})

    async def read_sms(self, request: Request) -> Response:
        """Answer with the text messages, newest last."""
        return JSONResponse(self.sms.page(requested_limit(request)))

    async def forget(self, _request: Request) -> Response:
        """Forget all text messages."""
        self.sms.clear()
        return Response(status_code=204)

    def _ask_moto(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes, str]:
        builder = EnvironBuilder(method="POST", base_url="https://sns/", data=body, headers=Headers(headers))
        try:
            parts, status, answer_headers = run_wsgi_app(self._moto, builder.get_environ(), buffered=True)
        finally:
            builder.close()
        return int(status.split(maxsplit=1)[0]), b"".join(parts), answer_headers.get("Content-Type", _XML)

    def _remember(self, content: bytes, *, region: str) -> None:
        """Move the message that moto accepted from its unbounded store to ours."""
        backend_dict = get_backend("sns")
        for element in ElementTree.fromstring(content).iter(_MESSAGE_ID):  # noqa: S314 - moto's answer, not a client's
            message_id = element.text or ""
            for account in list(backend_dict):
                backend = backend_dict[account][region]
                sms = backend.sms_messages.pop(message_id, None)
                backend.sms_message_objects.pop(message_id, None)
                if sms is not None:
                    phone_number, message = sms
                    received_at = iso_utc(self._clock.now())
                    self.sms.append(
                        {"received_at": received_at, "phone_number": phone_number, "message": message}
                    )


def _refusal(status: int, code: str, message: str) -> Response:
    document = (
        '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>'
        f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error></ErrorResponse>"
    )
    return Response(document, status_code=status, media_type=_XML)


def build_app(gateway: SmsGateway) -> Starlette:
    """Return the application."""
    return Starlette(
        routes=[
            Route("/_lab/sms", gateway.read_sms, methods=["GET"]),
            Route("/_lab/messages", gateway.forget, methods=["DELETE"]),
            Route("/", gateway.call, methods=["POST"]),
        ]
    )
