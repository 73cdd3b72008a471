"""Tell systemd about the service's state (sd_notify(3)), for units of `Type=notify`."""

import os
import socket
from collections.abc import Mapping


def notify(state: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Send `state` (e.g. `READY=1`) to NOTIFY_SOCKET; return whether there was one.

    Raises OSError when the socket is named but cannot be reached.
    """
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.sendto(state.encode("ascii"), address)
    return True
