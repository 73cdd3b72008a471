"""An installation whose receivers are in the test's process, and alerts as Prometheus posts them."""

import dataclasses
import json
import urllib.parse
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alerting_world import AlertmanagerProcess, HttpSink, MailSink
from whatsapp_alerting.alert import Alert, Language
from whatsapp_alerting.catalog import Catalog
from whatsapp_alerting.compilation import ALERTMANAGER, TEMPLATES
from whatsapp_alerting.output import write_files
from whatsapp_alerting.overrides import Overrides
from whatsapp_alerting.resolution import Installation, resolve
from whatsapp_alerting.routes import alertmanager_file
from whatsapp_alerting.rules import annotations
from whatsapp_alerting.templates import template_files

COOLDOWN = 4
"""Seconds; the shortest that shows a resolution on the next group tick and no repeat before it."""
CHIEF_MAIL, CHIEF_PHONE = "chief@example.com", "+15555550199"
LINKS = {"runbook_url", "dashboard_url"}
"""Annotations that are no template."""


def changed(catalog: Catalog, change: Callable[[Alert], dict[str, Any]], group_wait: int = 1) -> Catalog:
    """Return the catalogue with other fields in its alerts, as `change` says for each."""
    return catalog.model_copy(
        update={
            "timing": catalog.timing.model_copy(update={"group_wait": group_wait}),
            "areas": {
                name: area.model_copy(
                    update={"alerts": [one.model_copy(update=change(one)) for one in area.alerts]}
                )
                for name, area in catalog.areas.items()
            },
        }
    )


def quick(catalog: Catalog, **fields: dict[str, Any]) -> Catalog:
    """Return the catalogue with cooldowns that a test can wait for; `fields` are more changes by alert."""
    return changed(catalog, lambda one: {"cooldown": COOLDOWN, **fields.get(one.name, {})})


def overrides(tmp_path: Path, http_sink: HttpSink, mail_sink: MailSink, **more: object) -> Overrides:
    """Return overrides whose receivers are the sinks; the escalation contacts' Slack is `/chief`."""
    webhooks = {"slack": tmp_path / "slack_webhook_url", "chief": tmp_path / "chief_webhook_url"}
    for kind, path in webhooks.items():
        path.write_text(http_sink.url(f"{kind}/services/T/B/X"), encoding="utf-8")
    return Overrides.model_validate(
        {
            "runbook_base_url": "https://mon1/runbooks",
            "external_urls": {
                "grafana": "https://mon1/grafana",
                "alertmanager": "https://mon1/alertmanager/",
            },
            "receivers": {
                "slack": {"api_url_file": str(webhooks["slack"])},
                "email": {
                    "to": "ops@example.com",
                    "from": "alerts@example.com",
                    "smarthost": mail_sink.smarthost,
                    "require_tls": False,
                },
                "sms": {
                    "region": "us-east-1",
                    "phone_number": "+15555550100",
                    "api_url": http_sink.url("sns"),
                },
                "heartbeat": {"url": http_sink.url("heartbeat")},
                "escalation": {
                    "slack": {"api_url_file": str(webhooks["chief"])},
                    "email": [CHIEF_MAIL],
                    "sms": CHIEF_PHONE,
                },
            },
            **more,
        }
    )


def fast_installation(
    catalog: Catalog, tmp_path: Path, http_sink: HttpSink, mail_sink: MailSink
) -> Installation:
    return resolve(quick(catalog), overrides(tmp_path, http_sink, mail_sink))


def in_language(installation: Installation, language: Language) -> Installation:
    return dataclasses.replace(
        installation, overrides=installation.overrides.model_copy(update={"language": language})
    )


def start(installation: Installation, alertmanager: AlertmanagerProcess, tmp_path: Path) -> None:
    templates = {f"{TEMPLATES}/{name}": text for name, text in template_files(installation).items()}
    write_files(tmp_path / "compiled", {ALERTMANAGER: alertmanager_file(installation), **templates})
    credentials = tmp_path / "aws_credentials"
    credentials.write_text(
        "[default]\naws_access_key_id = AKIDFROMFILE\naws_secret_access_key = example\n", encoding="utf-8"
    )
    alertmanager.start(
        tmp_path / "compiled" / ALERTMANAGER,
        {"AWS_SHARED_CREDENTIALS_FILE": str(credentials), "AWS_EC2_METADATA_DISABLED": "true"},
    )


def posted(
    labels: dict[str, str], texts: dict[str, str], *, ended: bool = False, age: float = 0
) -> dict[str, Any]:
    """Return an alert that began `age` seconds ago.

    Alertmanager skips group_wait for alerts that began longer ago, so the beginning is now if not told.
    """
    now = datetime.now(UTC)
    return {
        "labels": labels,
        "annotations": texts,
        "startsAt": (now - timedelta(seconds=max(age, 2) if ended else age)).isoformat(),
        "endsAt": (now + timedelta(seconds=-1 if ended else 600)).isoformat(),
        "generatorURL": "http://mon1:9090/graph?g0.expr=up",
    }


def firing(
    installation: Installation,
    name: str,
    labels: dict[str, str],
    *,
    ended: bool = False,
    escalated: bool = False,
    **texts: str,
) -> dict[str, Any]:
    """Return an alert of the catalogue as Prometheus posts it; `texts` are what its templates became."""
    alert = installation.alert(name)
    static = alert.escalation_labels() if escalated else alert.static_labels()
    rendered = {
        "description": "<descripción>",
        "value": "down",
        "silence_url": "https://mon1/#silence",
        **texts,
    }
    return posted(
        {"alertname": name, **static, **labels},
        {**annotations(installation, alert), **rendered},
        ended=ended,
    )


def slack_attachment(sink: HttpSink, kind: str = "slack") -> dict[str, Any]:
    """Return what the next message at Slack holds."""
    attachment = json.loads(sink.next(kind).body)["attachments"][0]
    assert isinstance(attachment, dict)
    return attachment


def sms(sink: HttpSink) -> dict[str, str]:
    """Return the parameters of the next text message."""
    return {name: values[0] for name, values in urllib.parse.parse_qs(sink.next("sns").body.decode()).items()}
