"""Asks each part of the stack, through its own API, whether it works."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import httpx

from lab import podman
from lab.errors import LabError
from lab.layout import TLS_DIR, Host, host
from lab.parts import Login, Part
from lab.secrets_store import read

# What must be active on each host, in the words of its own systemd.
UNITS = {
    "app1": (
        "whatsapp-notifications",
        "whatsapp-scheduler",
        "whatsapp-exporter",
        "redis-server",
        "nginx",
        "cron",
        "prometheus-node-exporter",
        "prometheus-redis-exporter",
        "prometheus-nginx-exporter",
    ),
    "mon1": (
        "prometheus",
        "prometheus-alertmanager",
        "prometheus-blackbox-exporter",
        "nginx",
        "prometheus-node-exporter",
    ),
    "world": ("whatsapp-world-graph", "whatsapp-world-inbox", "whatsapp-world-sns", "whatsapp-world-traffic"),
}
HEARTBEAT_SECONDS = 180


class UnhealthyError(Exception):
    """A part answered, but not as it should; the text says how."""


def trusted() -> ssl.SSLContext:
    """Return what trusts the lab's certificate authority and no other.

    Raises:
        LabError: when there is no lab.
    """
    authority = TLS_DIR / "ca.crt"
    if not authority.exists():
        raise LabError("there is no lab here: run scripts/up")
    return ssl.create_default_context(cafile=str(authority))


@dataclass(frozen=True)
class Session:
    """An HTTP client that trusts the lab's authority, and the operators' login."""

    client: httpx.Client
    login: Login

    @classmethod
    def open(cls) -> Session:
        """Return a session for the lab at hand.

        Raises:
            LabError: when there is no lab.
        """
        client = httpx.Client(verify=trusted(), timeout=5, trust_env=False)
        return cls(client=client, login=Login(user="ops", password=read("ops_password")))

    def get(self, url: str, *, auth: bool = False, **parameters: str) -> Any:  # noqa: ANN401 - any JSON document
        """GET a JSON document.

        Raises:
            UnhealthyError: when the answer is not a success.
            httpx.HTTPError: when there is none.
        """
        answer = self.client.get(
            url, params=parameters or None, auth=(self.login.user, self.login.password) if auth else None
        )
        if answer.status_code != httpx.codes.OK:
            raise UnhealthyError(f"HTTP {answer.status_code}")
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Ask the lab's Prometheus an instant query and return its result vector."""
        document = self.get(host("mon1").url(9090, "/api/v1/query"), auth=True, query=expression)
        result: list[dict[str, Any]] = document["data"]["result"]
        return result


def _part(name: str, probe: Callable[[], str], *, address: str = "", login: Login | None = None) -> Part:
    try:
        return Part(name=name, state="up", detail=probe(), address=address, login=login)
    except UnhealthyError as error:
        return Part(name=name, state="broken", detail=str(error), address=address, login=login)
    except (httpx.HTTPError, LabError, KeyError, ValueError) as error:
        return Part(name=name, state="broken", detail=f"no answer: {error}", address=address, login=login)


def host_parts(lab_hosts: Iterable[Host]) -> list[Part]:
    """Check that each host runs and that its units are active."""
    existing = podman.containers()
    parts = []
    for lab_host in lab_hosts:
        address = f"ssh root@127.0.0.1 -p {lab_host.ports[22]} -i .lab/ssh/id_ed25519"
        found = existing.get(lab_host.name)
        if found is None or not found.running:
            parts.append(
                Part(name=f"host {lab_host.name}", state="broken", detail="not running", address=address)
            )
            continue
        parts.append(_part(f"host {lab_host.name}", lambda name=lab_host.name: _units(name), address=address))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    return parts


def _units(name: str) -> str:
    units = UNITS[name]
    said = podman.run("exec", name, "sh", "-c", f"systemctl is-active {' '.join(units)} || true").split()
    broken = [f"{unit} is {state}" for unit, state in zip(units, said, strict=True) if state != "active"]
    if broken:
        raise UnhealthyError(", ".join(broken))
    return f"{len(units)} units active"


def service_parts(session: Session) -> list[Part]:
    """Check the API and that messages flow through it."""
    base = host("app1").url(443, "")

    def health() -> str:
        document = session.get(f"{base}/health")
        if document["status"] != "healthy":
            broken = [name for name, part in document["components"].items()
                      if part["status"] not in {"healthy", "connected", "running"}]  # fmt: skip
            raise UnhealthyError(f"{document['status']}: {', '.join(broken)}")
        return "healthy"

    def flow() -> str:
        rate = session.query("sum(increase(whatsapp_notifications_sent_total[2m]))")
        sent = float(rate[0]["value"][1]) if rate else 0.0
        if sent <= 0:
            raise UnhealthyError("whatsapp_notifications_sent_total did not grow in the last 2 minutes")
        return f"{sent:.0f} sent in the last 2 minutes"

    key = Login(header="X-API-Key", value=read("api_key_operate"))
    return [_part("notification API", health, address=base, login=key), _part("messages flowing", flow)]


def monitoring_parts(session: Session) -> list[Part]:
    """Check Prometheus, its targets and rules, the exporter's collectors, and Alertmanager."""
    prometheus, alertmanager = host("mon1").url(9090, ""), host("mon1").url(9093, "")

    def targets() -> str:
        result = session.query("up")
        down = [f"{one['metric']['job']} on {one['metric'].get('host', one['metric']['instance'])}"
                for one in result if one["value"][1] != "1"]  # fmt: skip
        if down or not result:
            raise UnhealthyError(f"not scraped: {', '.join(down) or 'no target'}")
        return f"{len(result)} targets up"

    def rules() -> str:
        groups = session.get(f"{prometheus}/api/v1/rules", auth=True)["data"]["groups"]
        found = [rule for group in groups for rule in group["rules"]]
        bad = [rule["name"] for rule in found if rule["health"] == "err"]
        if bad or not found:
            raise UnhealthyError(f"failing: {', '.join(bad)}" if bad else "no rule loaded")
        return f"{len(found)} rules loaded"

    def collectors() -> str:
        result = session.query("whatsapp_exporter_collector_success")
        failing = [one["metric"]["collector"] for one in result if one["value"][1] != "1"]
        if failing or not result:
            raise UnhealthyError(f"failing: {', '.join(failing) or 'nothing scraped'}")
        return f"{len(result)} collectors succeed"

    def routes() -> str:
        session.get(f"{alertmanager}/-/ready", auth=True)
        receivers = [one["name"] for one in session.get(f"{alertmanager}/api/v2/receivers", auth=True)]
        return f"receivers: {', '.join(sorted(receivers))}"

    def firing() -> str:
        names = sorted({one["metric"]["alertname"] for one in session.query('ALERTS{alertstate="firing"}')})
        others = [name for name in names if name != "Watchdog"]
        return f"firing: {', '.join(others)}" if others else "none firing"

    return [
        _part("Prometheus targets", targets, address=prometheus, login=session.login),
        _part("Prometheus rules", rules, address=f"{prometheus}/rules", login=session.login),
        _part("exporter", collectors, address=host("app1").url(9808, "/metrics"), login=session.login),
        _part("Alertmanager", routes, address=alertmanager, login=session.login),
        _part("alerts", firing, address=f"{prometheus}/alerts", login=session.login),
        _grafana(session),
    ]


def _grafana(session: Session) -> Part:
    url = host("mon1").url(443, "/grafana/")
    installed = podman.succeeds("exec", "mon1", "test", "-e", "/usr/share/grafana/bin/grafana")
    if not installed:
        detail = "its package repository does not answer from here; the dashboards are in dashboards/json/"
        return Part(name="Grafana", state="absent", detail=detail)

    def health() -> str:
        return f"version {session.get(f'{url}api/health')['version']}"

    return _part(
        "Grafana", health, address=url, login=Login(user="admin", password=read("grafana_admin_password"))
    )


def world_parts(session: Session) -> list[Part]:
    """Check the simulators of the world outside, and that the heartbeat arrives there."""
    graph, inbox, sns = (host("world").url(port, "") for port in (443, 8446, 8447))

    def heartbeat() -> str:
        age = session.get(f"{inbox}/_lab/heartbeat")["age_seconds"]
        if age is None or age > HEARTBEAT_SECONDS:
            raise UnhealthyError("none arrived" if age is None else f"the last arrived {age:.0f} s ago")
        return f"the last arrived {age:.0f} s ago"

    def count(url: str) -> Callable[[], str]:
        return lambda: f"{session.get(url, limit='1')['total']} received"

    return [
        _part("Graph API simulator", count(f"{graph}/_lab/messages"), address=f"{graph}/_lab/messages"),
        _part("Slack sink", count(f"{inbox}/_lab/slack"), address=f"{inbox}/_lab/slack"),
        _part("mail sink", count(f"{inbox}/_lab/mail"), address=f"{inbox}/_lab/mail"),
        _part("SMS sink", count(f"{sns}/_lab/sms"), address=f"{sns}/_lab/sms"),
        _part("heartbeat", heartbeat, address=f"{inbox}/_lab/heartbeat"),
    ]
