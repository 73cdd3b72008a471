"""Nothing listens wider than it must, and nothing world-readable holds a secret."""

from __future__ import annotations

import pytest
from lab.layout import SECRETS_DIR, hosts
from lab.running import Lab
from lab.secrets_store import NAMES

# SSH is the way in and listens everywhere, as a provider's image does.
EVERYWHERE = {22}


@pytest.mark.parametrize("name", [host.name for host in hosts()])
def test_listens_on_loopback_or_the_private_address(lab: Lab, name: str) -> None:
    private = next(host.address for host in hosts() if host.name == name)
    wide = []
    for line in lab.shell(name, "ss -Hltn").splitlines():
        address, _, port = line.split()[3].rpartition(":")
        if int(port) not in EVERYWHERE and not address.startswith(("127.", "[::1]", private)):
            wide.append(line)
    assert wide == []


@pytest.mark.parametrize("name", [host.name for host in hosts()])
def test_no_world_readable_file_holds_a_secret(lab: Lab, name: str) -> None:
    patterns = "\n".join((SECRETS_DIR / secret).read_text() for secret in NAMES)
    script = (
        "cat > /run/secret-patterns; chmod 0600 /run/secret-patterns; "
        "find /etc /opt /var/lib /var/log /usr/local -xdev -type f -perm -o+r -size -5M -print0 "
        "| xargs -0 grep -lF -f /run/secret-patterns || true; rm /run/secret-patterns"
    )
    assert lab.shell(name, script, stdin=patterns + "\n").split() == []


@pytest.mark.parametrize("name", [host.name for host in hosts()])
def test_no_secret_in_a_command_line_or_the_journal(lab: Lab, name: str) -> None:
    text = lab.shell(name, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '; journalctl --no-pager -o cat -n 20000")
    leaked = [secret for secret in NAMES if (SECRETS_DIR / secret).read_text() in text]
    assert leaked == []
