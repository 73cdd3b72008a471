"""From a database URL to a client."""

from __future__ import annotations

from libsql_client import Client, create_client

from whatsapp_database.errors import UnsupportedUrlError
from whatsapp_database.file_client import FileClient, file_path
from whatsapp_database.hrana.address import ServerAddress
from whatsapp_database.hrana.client import HranaClient
from whatsapp_database.pool import PoolSettings


def open_database(
    url: str,
    auth_token: str | None = None,
    *,
    pool: PoolSettings | None = None,
    read_only: bool = False,
) -> Client:
    """Open the database that the URL names; nothing is read or created before the first call.

    `file:` is SQLite on this machine, `http:`, `https:` and `libsql:` (https) a libSQL server, `ws:` and
    `wss:` libsql-client's own (a running event loop is needed). `read_only` refuses to change anything.
    Raises UnsupportedUrlError for everything else.
    """
    scheme = url.partition(":")[0].lower()
    if scheme == "file":
        return FileClient(file_path(url), pool=pool or PoolSettings(), read_only=read_only)
    if scheme in {"http", "https", "libsql"}:
        address = ServerAddress.parse(url)
        return HranaClient(address, auth_token, pool=pool or PoolSettings(), read_only=read_only)
    if scheme in {"ws", "wss"}:
        return create_client(url, auth_token=auth_token)
    raise UnsupportedUrlError(
        "the database URL must begin with file:, http:, https:, libsql:, ws: or wss:",
        "URL_SCHEME_NOT_SUPPORTED",
    )
