"""Request bodies, read with a limit."""

import json

from starlette.requests import Request


class BodyTooLargeError(Exception):
    """The request's body is larger than its endpoint accepts."""


class NotAnObjectError(Exception):
    """The request's body is not a JSON object."""


async def read_body(request: Request, *, limit: int) -> bytes:
    """Return the whole body; raise BodyTooLargeError beyond ``limit`` bytes."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise BodyTooLargeError
        parts.append(part)
    return b"".join(parts)


async def read_object(request: Request, *, limit: int) -> dict[str, object]:
    """Return the body as a JSON object.

    Raises BodyTooLargeError beyond ``limit`` bytes, NotAnObjectError when it is not JSON or not an object.
    """
    raw = await read_body(request, limit=limit)
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as exc:
        raise NotAnObjectError from exc
    if not isinstance(value, dict):
        raise NotAnObjectError
    return value
