"""Where everything of the lab lies: hosts and ports (from the inventory), files under `.lab/`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from lab.errors import LabError

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = ROOT / "inventory" / "lab"
LAB_DIR = ROOT / ".lab"
SSH_DIR = LAB_DIR / "ssh"
TLS_DIR = LAB_DIR / "tls"
SECRETS_DIR = LAB_DIR / "secrets"
WHEELHOUSE = ROOT / "build" / "wheelhouse"

NETWORK = "whatsapp-lab"
SUBNET = "10.87.42.0/24"
LABEL = "whatsapp-lab"


@dataclass(frozen=True)
class Host:
    """One lab host: its name, address on the lab's network, and ports published on 127.0.0.1."""

    name: str
    address: str
    ports: dict[int, int]
    """Port inside the host -> port on the controller's 127.0.0.1."""

    def url(self, port: int, path: str = "/") -> str:
        """Return the HTTPS address, as seen from the controller, of what listens on `port` inside."""
        return f"https://127.0.0.1:{self.ports[port]}{path}"


def hosts() -> list[Host]:
    """Read the lab's hosts from its inventory, the one place that names them."""
    path = INVENTORY / "hosts.yml"
    document = yaml.safe_load(path.read_text())
    found: list[Host] = []
    for group in document["all"]["children"].values():
        for name, values in group["hosts"].items():
            try:
                found.append(
                    Host(
                        name=name,
                        address=values["private_address"],
                        ports=dict(values["lab_published_ports"]),
                    )
                )
            except KeyError as error:
                raise LabError(f"{path.relative_to(ROOT)}: host {name} lacks {error.args[0]}") from error
    return found


def host(name: str) -> Host:
    """Return the lab host called `name`."""
    for candidate in hosts():
        if candidate.name == name:
            return candidate
    raise LabError(f"the lab's inventory has no host {name}")
