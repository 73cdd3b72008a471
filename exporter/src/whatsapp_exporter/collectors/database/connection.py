"""Asking the database for one snapshot."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from libsql_client import Client, LibsqlError, ResultSet, Statement
from whatsapp_database import PoolSettings, open_database

from whatsapp_exporter.collector import CollectionError
from whatsapp_exporter.section import SecretFileError, read_secret

# One connection that waits little: a locked database is a failed scrape.
_POOL = PoolSettings(size=1, max_overflow=0, timeout=5.0, busy_timeout=1.0)
CLOSE_SECONDS = 2.0
"""How long the end of the connections to a server is waited for."""


class DatabaseConnection:
    """A file is opened for each snapshot, the client of a server is kept until something goes wrong.

    A kept connection to a file would go on reading the old one after a restore; and it would hold SQLite's
    lock, which a restore waits for. Opening costs a few milliseconds.
    """

    def __init__(
        self, url: str, auth_token_file: Path | None, *, open_client: Callable[..., Client] = open_database
    ) -> None:
        self._url = url
        self._auth_token_file = auth_token_file
        self._open_client = open_client
        self._is_file = url.partition(":")[0].lower() == "file"
        self._current: Client | None = None
        self._token: str | None = None

    async def snapshot(self, statements: Sequence[Statement]) -> Sequence[ResultSet]:
        """Run the statements in one transaction. Raises CollectionError.

        A cancelled call interrupts the statement that runs.
        """
        client = self._client()
        done = False
        try:
            results = await client.batch(list(statements))
            done = True
        except LibsqlError as error:
            raise CollectionError(f"the database cannot be read: {error}") from error
        except OSError as error:
            reason = error.strerror or "no connection"
            raise CollectionError(f"the database cannot be read: {reason}") from error
        finally:
            if self._is_file or not done:
                await self.close()
        if len(results) != len(statements):
            raise CollectionError("the database gave another number of answers than was asked for")
        return results

    async def close(self) -> None:
        """Close what is open."""
        client, self._current = self._current, None
        if client is None:
            return
        if self._is_file:
            # Its statement was interrupted: it ends at once, or SQLite waits busy_timeout for a lock.
            await client.close()
            return
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await client.close()
        except (TimeoutError, LibsqlError, OSError):
            return

    def _client(self) -> Client:
        token = self._read_token()
        if self._current is not None and token == self._token:
            return self._current
        self._current = self._open_client(self._url, token, pool=_POOL, read_only=True)
        self._token = token
        return self._current

    def _read_token(self) -> str | None:
        if self._auth_token_file is None:
            return None
        try:
            return read_secret(self._auth_token_file)
        except SecretFileError as error:
            raise CollectionError(f"auth_token_file: {error}") from error
