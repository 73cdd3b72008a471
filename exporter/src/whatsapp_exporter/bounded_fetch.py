"""GET a document of bounded size within a bounded time."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

MAX_BODY_BYTES = 1_000_000
KEEP_ALIVE_SECONDS = 75.0
"""How long an unused connection is kept: over the usual scrape intervals."""


class FetchError(Exception):
    """No answer that can be read. The text tells why and repeats nothing of the answer or the address."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered, whatever its HTTP code (a redirect is an answer too)."""

    code: int
    headers: httpx.Headers
    body: bytes


class BoundedFetcher:
    """A client that asks for JSON, follows no redirect and takes nothing from the environment.

    `server`: the address under which lies what is asked; HTTPS is checked against the system's trust store.
    `seconds` bounds the whole of each fetch, so that a server that drips its answer is given up too. Without
    `keep_alive` every fetch opens a connection, as a client that comes now would. `transport` replaces the
    network in tests.
    """

    def __init__(
        self,
        server: str,
        *,
        seconds: float,
        keep_alive: bool,
        max_bytes: int = MAX_BODY_BYTES,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._attempts = 2 if keep_alive else 1
        self._client = httpx.AsyncClient(
            transport=transport,
            verify=_trust(server),
            timeout=seconds,
            limits=httpx.Limits(
                max_keepalive_connections=None if keep_alive else 0, keepalive_expiry=KEEP_ALIVE_SECONDS
            ),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
        )

    async def fetch(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer, read to its end. Raises FetchError.

        The body is not decompressed: a server that compresses although nobody asked for it is refused.
        """
        try:
            async with asyncio.timeout(self._seconds):
                request = self._client.build_request("GET", url, headers=headers, params=params)
                return await self._read(await self._send(request))
        except (TimeoutError, httpx.TimeoutException) as error:
            raise FetchError("no answer in time") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FetchError(f"no answer: {type(error).__name__}") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _send(self, request: httpx.Request) -> httpx.Response:
        """Send it, once more when a kept connection ended just when it was used again."""
        for _ in range(1, self._attempts):
            try:
                return await self._client.send(request, stream=True)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                continue
        return await self._client.send(request, stream=True)

    async def _read(self, response: httpx.Response) -> Answer:
        try:
            if response.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
                raise FetchError("the answer is compressed, which was not asked for")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > self._max_bytes:
                    raise FetchError(f"the answer is larger than {self._max_bytes} bytes")
        finally:
            await response.aclose()
            self._client.cookies.clear()  # nothing that a server wants to be remembered grows here
        return Answer(response.status_code, response.headers, bytes(body))


def _trust(server: str) -> ssl.SSLContext:
    """The system's trust store, which takes long to read; none for a server that shows no certificate."""
    if server.lower().startswith("http://"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody
    return ssl.create_default_context()


def json_of(answer: Answer) -> object:
    """Return the body's JSON value. Raises FetchError when it is none."""
    try:
        value: object = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise FetchError("the answer is not JSON") from error
    return value
