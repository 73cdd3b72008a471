"""The monitoring's own host: configurations that are not loaded, notices that cannot be sent, silence."""

from __future__ import annotations

from whatsapp_alerting.alert import Channel

from lab.faults.shell import runs
from lab.layout import host
from lab.rehearsal.fault import Fault, Page
from lab.running import Lab

CURRENT = "/etc/prometheus/server/current"
BROKEN = "/etc/prometheus/server/releases/lab-fault"
SLACK = "/etc/prometheus/secrets/slack_webhook_url"


def configuration_corrupt() -> Fault:
    """Prometheus is told to load a configuration that it cannot read, and keeps the old one."""
    return Fault(
        "a configuration is corrupt",
        (Page("ConfigurationNotReloaded"),),
        runs(
            "mon1",
            f"readlink {CURRENT} >/run/lab-fault; cp -a $(readlink -f {CURRENT}) {BROKEN}; "
            f"echo 'corrupt: [' >>{BROKEN}/prometheus.yml; ln -sfn {BROKEN} {CURRENT}; "
            "systemctl reload prometheus || true",
        ),
        runs(
            "mon1",
            f"if [ -s /run/lab-fault ]; then ln -sfn $(cat /run/lab-fault) {CURRENT}; fi; "
            f"rm -rf {BROKEN} /run/lab-fault; systemctl reload prometheus",
        ),
    )


def slack_refuses() -> Fault:
    """Slack's address is wrong, and a message for it is under way: it is told by the other channels."""

    def cause(lab: Lab) -> None:
        lab.shell(
            "mon1",
            f"[ -e /run/lab-slack ] || cp -p {SLACK} /run/lab-slack; "
            f"printf %s https://world:8446/nowhere >{SLACK}",
        )
        # Any alert: one that is not of the catalogue goes to Slack.
        answer = lab.session.client.post(
            host("mon1").url(9093, "/api/v2/alerts"),
            auth=(lab.session.login.user, lab.session.login.password),
            json=[{"labels": {"alertname": "LabFault", "host": "mon1"}}],
        )
        answer.raise_for_status()

    return Fault(
        "Slack refuses",
        (Page("NotificationsFailing", without=frozenset({Channel.SLACK})),),
        cause,
        runs("mon1", f"if [ -e /run/lab-slack ]; then cat /run/lab-slack >{SLACK}; rm /run/lab-slack; fi"),
        clears_seconds=70,
    )
