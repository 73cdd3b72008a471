"""Ports that stay ours while a process is killed and started again."""

from __future__ import annotations

import secrets
import socket
from typing import Final

# Below the range from which Linux takes the ports of outgoing connections (32768 on): nobody's connection can
# sit on the port of a server that is down for a moment.
_FIRST: Final = 20_000
_COUNT: Final = 12_000


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nothing listens now."""
    while True:
        port = _FIRST + secrets.randbelow(_COUNT)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
