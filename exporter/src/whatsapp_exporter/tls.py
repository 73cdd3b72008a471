"""The server's TLS context, which takes up a renewed certificate without a restart."""

import logging
import ssl
from pathlib import Path

logger = logging.getLogger(__name__)

_Stamp = tuple[tuple[int, int, int], ...]


def load_context(cert_file: Path, key_file: Path, minimum: ssl.TLSVersion) -> ssl.SSLContext:
    """Return a server's context. Raises OSError (ssl.SSLError is one) when a file is not usable."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = minimum
    context.load_cert_chain(cert_file, key_file)
    return context


class RenewingTls:
    """Looks at each handshake whether the certificate or the key file changed, and then reads them anew.

    A pair that cannot be used (half of it written, say) is logged, and the last good one stays.
    """

    def __init__(self, cert_file: Path, key_file: Path, minimum: ssl.TLSVersion) -> None:
        self._files = (cert_file, key_file)
        self._minimum = minimum
        self._stamp = self._current_stamp()
        self._newest = load_context(cert_file, key_file, minimum)
        self.context = load_context(cert_file, key_file, minimum)
        self.context.sni_callback = self._choose

    def _choose(
        self, connection: ssl.SSLSocket | ssl.SSLObject, _server_name: str | None, _context: ssl.SSLContext
    ) -> None:
        # OpenSSL calls this at every handshake, also when the client names no server.
        self._renew()
        connection.context = self._newest

    def _renew(self) -> None:
        try:
            stamp = self._current_stamp()
            if stamp == self._stamp:
                return
            self._stamp = stamp
            self._newest = load_context(*self._files, self._minimum)
        except OSError as error:
            logger.warning("the TLS certificate cannot be read again, the last one stays: %s", error)
        else:
            logger.info("the TLS certificate was read again")

    def _current_stamp(self) -> _Stamp:
        stats = [path.stat() for path in self._files]
        return tuple((stat.st_mtime_ns, stat.st_ino, stat.st_size) for stat in stats)
