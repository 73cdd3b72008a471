"""Answers that are held back or never come."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from whatsapp_world.graph.faults import Fault
from whatsapp_world.http_server import SeveredConnection


async def obstructed(request: Request, fault: Fault, response: Response) -> Response:
    """Hold an answer for a fault of kind ``hang``, or cut the connection instead of answering."""
    if fault.kind == "hang":
        await asyncio.sleep(fault.seconds or 0.0)
        if fault.accepted:
            return response
    return SeveredConnection(request)
