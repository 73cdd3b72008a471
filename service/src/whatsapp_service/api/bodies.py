"""Reading request bodies and parameters within bounds."""

from __future__ import annotations

import re
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from whatsapp_service.api.errors import ApiError

API_LIMIT: Final = 64 * 1024
WEBHOOK_LIMIT: Final = 4 * 1024 * 1024
"""Meta sends up to 3 MB."""

Model = TypeVar("Model", bound=BaseModel)


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body. Raises ApiError 413 as soon as it exceeds `limit` bytes."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit:
        raise ApiError(413, "body_too_large", f"the body may have {limit} bytes")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise ApiError(413, "body_too_large", f"the body may have {limit} bytes")
    return bytes(body)


async def read_model(request: Request, model: type[Model]) -> Model:
    """The JSON body as the model. Raises ApiError 400 or 422 naming the first wrong field."""
    body = await read_body(request, API_LIMIT)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        if first["type"] == "json_invalid":
            raise ApiError(400, "invalid_json", "the body is not valid JSON") from error
        place = ".".join(str(part) for part in first["loc"]) or "body"
        message = re.sub(r"^Value error, ", "", first["msg"])
        raise ApiError(422, "invalid_field", f"{place}: {message}") from error


def integer_parameter(request: Request, name: str, *, default: int, minimum: int, maximum: int) -> int:
    """An integer of the query string. Raises ApiError 422 when it is none or out of bounds."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and minimum <= int(text) <= maximum):
        raise ApiError(422, "invalid_parameter", f"{name} must be a number from {minimum} to {maximum}")
    return int(text)
