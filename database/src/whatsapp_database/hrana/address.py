"""The address of a libSQL server, from its URL."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from whatsapp_database.errors import UnsupportedUrlError


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server listens: `base` is an http(s) URL without a last slash, `host` its name in texts."""

    base: str
    host: str

    @property
    def encrypted(self) -> bool:
        """Whether requests go over TLS."""
        return self.base.startswith("https:")

    @classmethod
    def parse(cls, url: str) -> ServerAddress:
        """Read an `http:`, `https:` or `libsql:` URL; `libsql:` is https, with `?tls=0` it is http.

        Raises UnsupportedUrlError, whose text repeats nothing of the URL: people put tokens into it.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise UnsupportedUrlError("the database URL is malformed", "URL_INVALID") from error
        if not host:
            raise UnsupportedUrlError("the database URL names no host", "URL_INVALID")
        if parts.username is not None or parts.password is not None or parts.fragment:
            raise UnsupportedUrlError("the database URL holds no user, password or fragment", "URL_INVALID")
        name = f"[{host}]" if ":" in host else host
        authority = name if port is None else f"{name}:{port}"
        return cls(f"{_scheme(parts.scheme, parts.query)}://{authority}{parts.path.rstrip('/')}", authority)


def _scheme(scheme: str, query: str) -> str:
    parameters = parse_qsl(query, keep_blank_values=True)
    if any(name == "authToken" for name, _ in parameters):
        raise UnsupportedUrlError("the token does not belong into the database URL", "URL_INVALID")
    if scheme == "libsql" and parameters in ([("tls", "0")], [("tls", "1")]):
        return "http" if parameters == [("tls", "0")] else "https"
    if parameters:
        raise UnsupportedUrlError("the database URL has parameters that are not known", "URL_INVALID")
    return {"libsql": "https"}.get(scheme, scheme)
