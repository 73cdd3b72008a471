"""Reading request bodies and query strings within bounds."""

from __future__ import annotations

import re
from typing import Final, TypeVar, get_origin

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from whatsapp_service.api.errors import ApiError

API_LIMIT: Final = 64 * 1024
WEBHOOK_LIMIT: Final = 4 * 1024 * 1024
"""Meta sends up to 3 MB."""
_JSON_TYPE: Final = re.compile(r"application/(?:[\w.-]+\+)?json(?:\s*;.*)?", re.IGNORECASE)

Model = TypeVar("Model", bound=BaseModel)


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body. Raises ApiError 413 as soon as it exceeds `limit` bytes."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise ApiError(413, "body_too_large", f"the body may have {limit} bytes")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise ApiError(413, "body_too_large", f"the body may have {limit} bytes")
    return bytes(body)


async def read_model(request: Request, model: type[Model]) -> Model:
    """The JSON body as the model; no body is `{}`, which a model without required fields takes.

    Raises ApiError 413, 415, 400 (no JSON), or 422 naming the first wrong field.
    """
    body = await read_body(request, API_LIMIT)
    content_type = request.headers.get("content-type")
    if body and content_type is not None and not _JSON_TYPE.fullmatch(content_type.strip()):
        raise ApiError(415, "unsupported_media_type", "the body must be application/json")
    try:
        return model.model_validate_json(body or b"{}")
    except ValidationError as error:
        place, message, kind = _first(error)
        if kind == "json_invalid":
            raise ApiError(400, "invalid_json", "the body is not valid JSON") from error
        raise ApiError(422, "invalid_field", f"{place or 'body'}: {message}") from error


def read_query(request: Request, model: type[Model]) -> Model:
    """The query string as the model; a field that is a tuple may be given several times.

    Raises ApiError 422 for a wrong, an unknown or a doubled parameter.
    """
    repeatable = {name for name, field in model.model_fields.items() if get_origin(field.annotation) is tuple}
    given: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        given.setdefault(name, []).append(value)
    for name, values in given.items():
        if len(values) > 1 and name not in repeatable:
            raise ApiError(422, "invalid_parameter", f"{name[:64]}: is given more than once")
    try:
        return model.model_validate(
            {name: values if name in repeatable else values[0] for name, values in given.items()}
        )
    except ValidationError as error:
        place, message, kind = _first(error)
        if kind == "extra_forbidden":
            known = ", ".join(model.model_fields) or "none"
            message = f"there is no such parameter (there are: {known})"
        raise ApiError(422, "invalid_parameter", f"{place or 'query'}: {message}") from error


def _first(error: ValidationError) -> tuple[str, str, str]:
    """Where, what and of which kind the first fault is; never the value itself."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part)[:64] for part in first["loc"])
    return place, re.sub(r"^Value error, ", "", first["msg"]), first["type"]
