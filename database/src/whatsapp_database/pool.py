"""Settings and state of the connections to a `file:` database."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Limits of the reader pool; the one writer connection is not part of it.

    `size` connections are kept, `max_overflow` more are opened under load and closed afterwards, a caller
    waits `timeout` seconds for one, and a connection older than `recycle` seconds is replaced. `busy_timeout`
    is how many seconds SQLite itself waits for another process's lock. (Manual: Performance Tuning,
    DB_POOL_*.)
    """

    size: int = 20
    max_overflow: int = 10
    timeout: float = 30.0
    recycle: float = 3600.0
    busy_timeout: float = 10.0

    def __post_init__(self) -> None:
        if self.size < 1 or self.max_overflow < 0:
            raise ValueError("a pool needs size >= 1 and max_overflow >= 0")
        if min(self.timeout, self.recycle, self.busy_timeout) <= 0:
            raise ValueError("pool times must be positive")


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """Readers in use now (`active`), open but idle, and the configured size."""

    active: int
    idle: int
    size: int
