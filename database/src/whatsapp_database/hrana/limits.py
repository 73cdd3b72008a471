"""Bounds of the calls to a libSQL server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HranaLimits:
    """Times in seconds, sizes in bytes.

    `connect_timeout` bounds reaching the server, `request_timeout` one request from its first byte to the
    answer's last (a server cuts a transaction after 5 s, so a write may wait that long for another's), and
    `max_answer_bytes` the answer (servers refuse over 10 MB of values; JSON and base64 make them larger). An
    unused connection is kept for `keepalive`, less than the 5 s after which many servers close it. A call
    that may be repeated is made `attempts` times at most.
    """

    connect_timeout: float = 5.0
    request_timeout: float = 15.0
    keepalive: float = 4.0
    max_answer_bytes: int = 32 * 1024 * 1024
    attempts: int = 3

    def __post_init__(self) -> None:
        if min(self.connect_timeout, self.request_timeout, self.keepalive) <= 0:
            raise ValueError("times must be positive")
        if self.max_answer_bytes < 1 or self.attempts < 1:
            raise ValueError("max_answer_bytes and attempts must be positive")
