"""Streams and the batons by which clients come back to them."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from whatsapp_world.hrana.connection import StreamConnection
from whatsapp_world.hrana.errors import ProtocolError, StreamExpiredError

REMEMBER_EXPIRED_SECONDS = 300.0


@dataclass
class Stream:
    """An open stream: its connection (None once closed), stored SQL texts, and the number that its next baton
    must hold."""

    id: int
    connection: StreamConnection | None
    sequence: int
    stored: dict[int, str] = field(default_factory=dict)
    acquired: bool = True
    released_at: float = 0.0


class StreamTable:
    """Streams by id; used from the event loop only.

    A baton is the stream's id and sequence number, signed: it cannot be guessed and is good once.
    """

    def __init__(self, *, idle_seconds: float, monotonic: Callable[[], float]) -> None:
        self._idle_seconds = idle_seconds
        self._monotonic = monotonic
        self._key = secrets.token_bytes(32)
        self._streams: dict[int, Stream] = {}
        self._expired: dict[int, float] = {}
        self.expired_total = 0

    def __len__(self) -> int:
        return len(self._streams)

    def open(self) -> Stream:
        """Return a new stream, acquired, whose connection is for the caller to make."""
        stream = Stream(secrets.randbits(64), None, secrets.randbits(64))
        self._streams[stream.id] = stream
        return stream

    def acquire(self, baton: str) -> Stream:
        """Return the stream of a baton, which is then used up; raise ProtocolError or StreamExpiredError."""
        identifier, sequence = self._read(baton)
        if identifier in self._expired:
            raise StreamExpiredError("The stream has expired due to inactivity")
        stream = self._streams.get(identifier)
        if stream is None:
            raise ProtocolError("Received an invalid baton")
        if stream.acquired or stream.sequence != sequence:
            raise ProtocolError("Received a baton that has already been used")
        stream.acquired = True
        stream.sequence = (stream.sequence + 1) % 2**64
        return stream

    def release(self, stream: Stream) -> str | None:
        """Return the baton for the next request, or None when the stream was closed."""
        if stream.connection is None:
            self._streams.pop(stream.id, None)
            return None
        stream.acquired = False
        stream.released_at = self._monotonic()
        return self._write(stream.id, stream.sequence)

    def discard(self, stream: Stream) -> None:
        """Forget a stream after an error that makes it unusable."""
        self._streams.pop(stream.id, None)

    def waiting(self) -> list[Stream]:
        """Return the streams that no request uses now."""
        return [stream for stream in self._streams.values() if not stream.acquired]

    def take_expired(self, *, all_waiting: bool = False) -> list[Stream]:
        """Remove and return the streams that were idle for too long, or all that wait."""
        now = self._monotonic()
        for identifier in [key for key, at in self._expired.items() if now - at > REMEMBER_EXPIRED_SECONDS]:
            del self._expired[identifier]
        due = [
            stream
            for stream in self.waiting()
            if all_waiting or now - stream.released_at >= self._idle_seconds
        ]
        for stream in due:
            del self._streams[stream.id]
            self._expired[stream.id] = now
        self.expired_total += len(due)
        return due

    def take_all(self) -> list[Stream]:
        """Remove and return every stream: the server stops."""
        streams = list(self._streams.values())
        self._streams.clear()
        return streams

    def _write(self, identifier: int, sequence: int) -> str:
        payload = identifier.to_bytes(8, "big") + sequence.to_bytes(8, "big")
        return base64.b64encode(payload + self._sign(payload)).decode("ascii")

    def _read(self, baton: str) -> tuple[int, int]:
        try:
            raw = base64.b64decode(baton, validate=True)
        except (binascii.Error, ValueError) as exc:
            raise ProtocolError("Received an invalid baton") from exc
        payload, signature = raw[:16], raw[16:]
        if not hmac.compare_digest(signature, self._sign(payload)):
            raise ProtocolError("Received an invalid baton")
        return int.from_bytes(payload[:8], "big"), int.from_bytes(payload[8:], "big")

    def _sign(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, hashlib.sha256)
