"""API keys that a command issues (`whatsapp_claves_api`); the table holds their SHA-256 only.

The text of a key is `wn_<prefix>_<secret>`. The prefix is public and finds the row; the secret has 256 bits.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast, get_args

import orjson
from libsql_client import Client, Row
from whatsapp_database import ConstraintError, rows, timestamps

from whatsapp_service.settings import Scope

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
NAME_PATTERN: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_TEXT: Final = re.compile(r"wn_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")


class KeyNameError(Exception):
    """A key cannot be issued under this name; `reason` is taken, reserved or malformed."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """One row: what a key may do, and since when it may not any more (both times are stored UTC text)."""

    name: str
    prefix: str
    scopes: frozenset[Scope]
    sha256: str
    created_at: str
    revoked_at: str | None

    def matches(self, text: str) -> bool:
        """Whether this is the key's text, told in a time that does not depend on it."""
        return hmac.compare_digest(digest(text), self.sha256)


def digest(text: str) -> str:
    """The SHA-256 under which a key is stored, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def prefix_of(text: str) -> str | None:
    """The public part of a key's text; None when an issued key cannot look like this."""
    found = _TEXT.fullmatch(text)
    return None if found is None else found[1]


async def issue(
    client: Client, name: str, scopes: Collection[Scope], now: datetime, *, reserved: Collection[str] = ()
) -> str:
    """Store a new key and return its text, which nobody can read again.

    The name of a revoked key may be used again. Raises KeyNameError when the name is malformed, is one of
    `reserved`, or belongs to a key that works.
    """
    if not NAME_PATTERN.fullmatch(name):
        raise KeyNameError(name, "malformed")
    if name in reserved:
        raise KeyNameError(name, "reserved")
    prefix = secrets.token_hex(6)
    text = f"wn_{prefix}_{secrets.token_urlsafe(32)}"
    try:
        stored = await client.execute(
            """INSERT INTO whatsapp_claves_api (nombre, prefijo, sha256, alcances, created_at)
            VALUES (:name, :prefix, :sha256, :scopes, :now)
            ON CONFLICT (nombre) DO UPDATE SET prefijo = excluded.prefijo, sha256 = excluded.sha256,
                alcances = excluded.alcances, created_at = excluded.created_at, revocada_at = NULL
            WHERE revocada_at IS NOT NULL""",
            {
                "name": name,
                "prefix": prefix,
                "sha256": digest(text),
                "scopes": orjson.dumps(sorted(scopes)).decode(),
                "now": timestamps.to_text(now),
            },
        )
    except ConstraintError:  # the prefix of another key, once in 2^48
        return await issue(client, name, scopes, now, reserved=reserved)
    if stored.rows_affected == 0:
        raise KeyNameError(name, "taken")
    return text


async def revoke(client: Client, name: str, now: datetime) -> bool:
    """Revoke the key; False when no key of this name works."""
    result = await client.execute(
        "UPDATE whatsapp_claves_api SET revocada_at = ? WHERE nombre = ? AND revocada_at IS NULL",
        (timestamps.to_text(now), name),
    )
    return result.rows_affected > 0


async def list_keys(client: Client) -> list[IssuedKey]:
    """All keys by name, revoked ones too."""
    found = await client.execute("SELECT * FROM whatsapp_claves_api ORDER BY nombre")
    return [_from_row(row) for row in found]


async def find_working(client: Client, prefix: str) -> IssuedKey | None:
    """The key of this prefix, unless it is revoked; one lookup in the index."""
    found = await client.execute(
        "SELECT * FROM whatsapp_claves_api WHERE prefijo = ? AND revocada_at IS NULL", (prefix,)
    )
    return _from_row(found[0]) if found.rows else None


def _from_row(row: Row) -> IssuedKey:
    stored = orjson.loads(rows.text(row, "alcances"))
    return IssuedKey(
        name=rows.text(row, "nombre"),
        prefix=rows.text(row, "prefijo"),
        scopes=frozenset(cast(Scope, scope) for scope in stored if scope in SCOPES),
        sha256=rows.text(row, "sha256"),
        created_at=rows.text(row, "created_at"),
        revoked_at=rows.optional_text(row, "revocada_at"),
    )
