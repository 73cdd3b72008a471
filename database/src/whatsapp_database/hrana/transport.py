"""Pipelines over HTTP: versions, time and size limits, and what an HTTP failure means."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import ssl
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import httpx

from whatsapp_database.errors import ClientClosedError, DatabaseError, PermanentDatabaseError
from whatsapp_database.hrana.address import ServerAddress
from whatsapp_database.hrana.failures import (
    AnswerLostError,
    NotUnderstoodError,
    StreamLostError,
    UnreachableError,
)
from whatsapp_database.hrana.limits import HranaLimits
from whatsapp_database.hrana.messages import PipelineAnswer, decode, encode
from whatsapp_database.hrana.values import Json

_VERSIONS: Final = ("v3", "v2")
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{1,63}")
_HEADER_TEXT: Final = re.compile(r"[\x21-\x7e]+")
_MAX_ERROR_BYTES: Final = 4096


class PipelineTransport:
    """Sends pipelines to one server, each once: what may be repeated is for the caller to know."""

    def __init__(
        self,
        address: ServerAddress,
        auth_token: str | None,
        limits: HranaLimits,
    ) -> None:
        if auth_token and not _HEADER_TEXT.fullmatch(auth_token):
            raise PermanentDatabaseError(
                "the database token holds characters that no token has", "AUTH_TOKEN_INVALID"
            )
        self._address = address
        self._headers = {"content-type": "application/json"}
        if auth_token:
            self._headers["authorization"] = f"Bearer {auth_token}"
        self._limits = limits
        self._client: httpx.AsyncClient | None = None
        self._version: str | None = None
        self._closed = False

    async def send(
        self, requests: Sequence[Json], *, baton: str | None = None, base: str | None = None
    ) -> PipelineAnswer:
        """Send a pipeline to a new stream, or to the one that the baton names at its base URL.

        Raises UnreachableError, AnswerLostError, StreamLostError, NotUnderstoodError, and
        PermanentDatabaseError for what the server refuses (no right, no such service).
        """
        body = encode(requests, baton)
        if baton is not None:
            version = self._version or _VERSIONS[0]
            status, content = await self._post(f"{base or self._address.base}/{version}/pipeline", body)
        else:
            status, content = await self._open(body)
        if status != httpx.codes.OK:
            raise self._failure(status, content, on_stream=baton is not None)
        answer = decode(content, len(requests))
        return PipelineAnswer(answer.baton, self._checked_base(answer.base_url), answer.results)

    async def close(self) -> None:
        """Close the connections; a second call does nothing."""
        self._closed = True
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _open(self, body: bytes) -> tuple[int, bytes]:
        """Post to the newest version that the server has: what it has not, it answers with 404 undone."""
        if self._version is not None:
            status, content = await self._post(f"{self._address.base}/{self._version}/pipeline", body)
            if status == httpx.codes.NOT_FOUND:
                self._version = None
                raise UnreachableError(f"{self._address.host} has stopped serving databases", "HTTP_404")
            return status, content
        for version in _VERSIONS:
            status, content = await self._post(f"{self._address.base}/{version}/pipeline", body)
            if status != httpx.codes.NOT_FOUND:
                if status == httpx.codes.OK:
                    self._version = version
                return status, content
        raise PermanentDatabaseError(
            f"{self._address.host} serves no Hrana over HTTP (version 2 or 3) at this URL", "HTTP_404"
        )

    async def _post(self, url: str, body: bytes) -> tuple[int, bytes]:
        host = self._address.host
        try:
            async with asyncio.timeout(self._limits.request_timeout):
                async with self._http().stream("POST", url, content=body, headers=self._headers) as response:
                    return response.status_code, await self._read(response)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise UnreachableError(f"cannot connect to {host}: {_reason(error)}", "CONNECT_FAILED") from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise AnswerLostError(
                f"no answer from {host} within {self._limits.request_timeout:g} s", "TIMEOUT", timed_out=True
            ) from error
        except httpx.RequestError as error:
            raise AnswerLostError(
                f"the connection to {host} broke: {type(error).__name__}", "CONNECTION_LOST"
            ) from error

    async def _read(self, response: httpx.Response) -> bytes:
        failed = response.status_code != httpx.codes.OK
        limit = _MAX_ERROR_BYTES if failed else self._limits.max_answer_bytes
        parts: list[bytes] = []
        size = 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > limit:
                if failed:
                    break
                raise NotUnderstoodError(f"larger than {limit} bytes", "RESPONSE_TOO_LARGE")
            parts.append(part)
        return b"".join(parts)

    def _failure(self, status: int, content: bytes, *, on_stream: bool) -> DatabaseError:
        """The error that an HTTP status means; of the body, which may repeat what was sent, only the code."""
        host, code = self._address.host, _error_code(content)
        text = f"{host} answered HTTP {status}" + (f" ({code})" if code else "")
        if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            return PermanentDatabaseError(
                f"{host} refused the database token (HTTP {status})", "UNAUTHORIZED"
            )
        if status == httpx.codes.TOO_MANY_REQUESTS:
            return UnreachableError(text, "TOO_MANY_REQUESTS")
        if code == "STREAM_EXPIRED" or (on_stream and status in {400, 404, 410}):
            return StreamLostError(
                f"{host} has closed the transaction's stream (HTTP {status})", "STREAM_EXPIRED"
            )
        if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.REQUEST_TIMEOUT:
            return AnswerLostError(text, f"HTTP_{status}")
        return PermanentDatabaseError(text, f"HTTP_{status}")

    def _checked_base(self, base_url: str | None) -> str | None:
        """The URL at which a server wants its stream continued, without a slash; never from https to http."""
        if base_url is None:
            return None
        parts = urlsplit(base_url)
        allowed = {"https"} if self._address.encrypted else {"http", "https"}
        if parts.scheme not in allowed or not parts.netloc:
            raise NotUnderstoodError("the base_url")
        return base_url.rstrip("/")

    def _http(self) -> httpx.AsyncClient:
        """The HTTP client, made at the first request so that opening a database does no work."""
        if self._closed:
            raise ClientClosedError("the client was closed", "CLIENT_CLOSED")
        if self._client is None:
            limits = self._limits
            connect = min(limits.connect_timeout, limits.request_timeout)
            self._client = httpx.AsyncClient(
                verify=ssl.create_default_context(),  # the system's store, where operators put their own CAs
                trust_env=False,
                timeout=httpx.Timeout(limits.request_timeout, connect=connect),
                limits=httpx.Limits(
                    max_connections=None, max_keepalive_connections=None, keepalive_expiry=limits.keepalive
                ),
            )
        return self._client


def _error_code(content: bytes) -> str:
    """The machine-readable code of an `Error` body; an empty text when there is none."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _reason(error: BaseException) -> str:
    """Why a connection failed, from the operating system's or TLS' own words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        if isinstance(cause, socket.gaierror):
            return cause.strerror or "name not found"
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno)
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
