"""Faults of an overrides file: one line each, naming alert or section and field."""

import pytest
from small_project import Document, Project, alert

SLACK = {"api_url_file": "/etc/prometheus/secrets/slack"}
SMS = {"region": "us-east-1", "phone_number": "+15555550100"}


def changed(**fields: object) -> Document:
    return {"alerts": {"QueueLong": fields}}


OVERRIDES: list[tuple[Document, str]] = [
    # The file.
    ({"langage": "es"}, "langage: Extra inputs are not permitted"),
    ({"language": "fr"}, "language: Input should be 'es' or 'en'"),
    ({"timezone": "America/Nowhere"}, "timezone: 'America/Nowhere' is not a time zone of the IANA database"),
    (
        {"business_hours": {"days": ["monday"], "start": "18:00", "end": "08:00"}},
        "business_hours: start must be before end",
    ),
    ({"time_compression": 61}, "time_compression: Input should be less than or equal to 60"),
    # Receivers.
    (
        {"receivers": {"slack": {"api_url_file": "secrets/slack"}}},
        "receivers.slack.api_url_file: must be an absolute path on the Alertmanager's host",
    ),
    (
        {"receivers": {"email": {"to": "a@b", "from": "a@b", "smarthost": "x:25", "auth_username": "u"}}},
        "receivers.email: auth_username and auth_password_file go together",
    ),
    (
        {"receivers": {"slack": SLACK, "escalation": {"sms": "+15555550199"}}},
        "receivers: escalation.sms needs sms, whose means it uses",
    ),
    ({"receivers": {"sms": SMS}}, "receivers: QueueLong reaches nobody: set one of slack"),
    # Alerts.
    ({"alerts": {"Nothing": {}}}, "Nothing: is not an alert of the catalogue"),
    (
        changed(thresholds={"most": 1}),
        "QueueLong: thresholds.most: is not a threshold of this alert (it has: limit)",
    ),
    (
        changed(thresholds={"limit": 100}),
        "QueueLong: thresholds: ... > 100 is never true: the values cannot go that far",
    ),
    (changed(**{"for": "1s"}), "QueueLong: for: is shorter than 2 evaluations (30s)"),
    (changed(cooldown="121h"), "QueueLong: cooldown: must be from 1m to 120h"),
    (
        changed(cooldown="2m"),
        "QueueLong: keep_firing_for: is longer than the cooldown (2m): what is over would be told again",
    ),
    (changed(channels=["slack", "sms"]), "QueueLong: channels: sms is for critical alerts only"),
]


@pytest.mark.parametrize(("change", "line"), OVERRIDES)
def test_fault_of_the_overrides_is_one_line(
    project: Project, change: Document, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    condition = "max by (host) (last_over_time(app_error_percent[2m])) > ${limit}"

    status = project.compile(alert(condition=condition, keep_firing_for="5m"), overrides=change)

    written = [one.partition("overrides.yml: ")[2] for one in capsys.readouterr().err.splitlines()]
    assert (written, status) == ([line], 2)
    assert not project.output.exists()


def test_faults_of_the_overrides_have_a_line_each(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = alert(keep_firing_for="5m")

    status = project.compile(entry, overrides=changed(cooldown="30s", channels=["sms"]))

    written = [one.partition("overrides.yml: ")[2] for one in capsys.readouterr().err.splitlines()]
    assert status == 2
    assert written == [
        "QueueLong: cooldown: must be from 1m to 120h",
        "QueueLong: keep_firing_for: is longer than the cooldown (30s): what is over would be told again",
        "QueueLong: channels: sms is for critical alerts only",
        "receivers: QueueLong reaches nobody: set one of sms",
    ]
