"""The manual's cron scripts on the lab's host app1: put there beside the stack, and taken away again."""

from __future__ import annotations

from typing import Final

from lab.errors import LabError
from lab.layout import ROOT
from lab.running import Lab
from lab.secrets_store import read

HOST: Final = "app1"
SOURCE: Final = ROOT / "tests" / "lab" / "cron_scripts"
FOLDER: Final = "/opt/cron_scripts"
STATE: Final = "/var/lib/cron_scripts"
CRON_FILE: Final = "/etc/cron.d/cron-scripts"
SCRIPTS: Final = ("health_monitor.sh", "process_alerts.sh")
PACKAGES: Final = ("bc", "curl", "jq")
# A path of their own, so that their messages can be told from the stack's.
SLACK_PATH: Final = "/slack/cron/services"
SLACK_URL: Final = f"https://world:8446{SLACK_PATH}"
_INSTALL_SECONDS: Final = 300

# What was not there before is written down in the state folder, and purged from there.
_ADD_PACKAGES: Final = f"""
install -d -m 0755 {FOLDER}
install -d -m 0700 {STATE}
installed() {{ dpkg-query -W -f '${{db:Status-Abbrev}} ${{Package}}\\n' | sed -n 's/^ii *//p' | sort; }}
if dpkg-query -W {" ".join(PACKAGES)} >/dev/null 2>&1; then exit 0; fi
installed >{STATE}/packages.before
export DEBIAN_FRONTEND=noninteractive
fetch() {{
    apt-get install -y -qq -o DPkg::Lock::Timeout=120 --no-install-recommends {" ".join(PACKAGES)} >/dev/null
}}
fetch 2>/dev/null || {{ apt-get update -qq; fetch; }}
installed | comm -13 {STATE}/packages.before - >>{STATE}/packages
"""
_REMOVE: Final = f"""
rm -f {CRON_FILE}
if [ -s {STATE}/packages ]; then
    export DEBIAN_FRONTEND=noninteractive
    xargs apt-get purge -y -qq -o DPkg::Lock::Timeout=120 <{STATE}/packages >/dev/null 2>&1
fi
rm -rf {FOLDER} {STATE}
"""


def environment(api_key: str) -> dict[str, str]:
    """Return what the scripts read from their environment."""
    return {
        "API_URL": f"https://{HOST}",
        "API_KEY": api_key,
        "WEBHOOK_SLACK": SLACK_URL,
        "STATE_DIR": STATE,
    }


def cron_file(values: dict[str, str], crontab: str) -> str:
    """Return a file for /etc/cron.d: the environment, then the schedule.

    Raises:
        LabError: when cron could not read a value as it is (it knows no escapes).
    """
    for name, value in values.items():
        if not value or value != value.strip() or not value.isprintable() or value[0] in "'\"":
            raise LabError(f"cron cannot be given {name}")
    assignments = [f"{name}={value}" for name, value in values.items()]
    return "\n".join(["SHELL=/bin/bash", 'MAILTO=""', *assignments, crontab])


def install(lab: Lab) -> None:
    """Put the scripts on the host and into cron, which runs them from its next minute on; may be repeated.

    Raises:
        LabError: when the host cannot get the packages that they need.
    """
    lab.shell(HOST, _ADD_PACKAGES, timeout=_INSTALL_SECONDS)
    for name in SCRIPTS:
        _write(lab, f"{FOLDER}/{name}", (SOURCE / name).read_text("utf-8"), mode="0755")
    # The file holds a key, and starts them: last.
    text = cron_file(environment(read("api_key_operate")), (SOURCE / "crontab").read_text("utf-8"))
    _write(lab, CRON_FILE, text, mode="0600")


def remove(lab: Lab) -> None:
    """Take everything away that `install` brought, packages too; may be repeated."""
    lab.shell(HOST, _REMOVE, timeout=_INSTALL_SECONDS)


def _write(lab: Lab, path: str, text: str, *, mode: str) -> None:
    # cron reads a file with a dot in its name not at all, so half a file is never run.
    lab.shell(HOST, f"umask 077; cat >{path}.new; chmod {mode} {path}.new; mv {path}.new {path}", stdin=text)
