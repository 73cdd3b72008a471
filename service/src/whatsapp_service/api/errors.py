"""Errors that clients see: `{"error": {"code", "message", "request_id"}}`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from whatsapp_database import DatabaseError, TransientDatabaseError

from whatsapp_service.json_logging import log_event, request_id

logger = logging.getLogger("whatsapp.api")

_CODES: Final = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str = Field(description="For programs; it does not change.")
    message: str = Field(description="For people.")
    request_id: str | None = Field(description="Under this id the log has the request.")


class ErrorAnswer(BaseModel):
    """Every answer other than success."""

    error: ErrorDetail


class ApiError(Exception):
    """An answer other than success; the message is shown to the client."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def error_response(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The JSON of an error, with the id under which the log has it."""
    answer = ErrorAnswer(error=ErrorDetail(code=code, message=message, request_id=request_id.get()))
    waiting = {"Retry-After": "1"} if status == 503 else {}
    return JSONResponse(answer.model_dump(), status, {**waiting, **(headers or {})})


async def on_api_error(_request: Request, error: Exception) -> Response:
    """Handler of ApiError."""
    if not isinstance(error, ApiError):
        raise error
    return error_response(error.status, error.code, str(error))


async def on_http_exception(_request: Request, error: Exception) -> Response:
    """Handler of Starlette's own errors: no such route, wrong method."""
    if not isinstance(error, HTTPException):
        raise error
    code = _CODES.get(error.status_code, "http_error")
    return error_response(error.status_code, code, error.detail, error.headers)


async def on_database_error(_request: Request, error: Exception) -> Response:
    """Handler of DatabaseError: a transient one asks the client to try again."""
    if not isinstance(error, DatabaseError):
        raise error
    log_event(logger, logging.ERROR, "Database error", tags=("database",), error_code=error.code)
    if isinstance(error, TransientDatabaseError):
        return error_response(503, "database_unavailable", "the database is busy, try again")
    return error_response(500, "internal_error", "the request could not be completed")
