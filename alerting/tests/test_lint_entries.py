"""What the lint finds in an entry's other fields than its condition: one line each, naming the field."""

import pytest
from small_project import Document, Project, alert, lines

IN_BOTH = "{{ $labels.host }}: {{ $value }}, ${limit}"

PARTS = "scrape, evaluation, for and group_wait"
DURATIONS: list[tuple[Document, str]] = [
    ({"for": "15s"}, "for: is shorter than 2 evaluations (30s)"),
    (
        {"detect_within": "2m"},
        f"detect_within: cannot be held: {PARTS} add up to 2m20s",
    ),
    (
        {"source_interval": "5m"},
        f"detect_within: cannot be held: source_interval, {PARTS} add up to 7m20s",
    ),
    ({"cooldown": "30s"}, "cooldown: must be from 1m to 120h"),
    ({"cooldown": "121h"}, "cooldown: must be from 1m to 120h"),
    (
        {"keep_firing_for": "11m"},
        "keep_firing_for: is longer than the cooldown (10m): what is over would be told again",
    ),
]
CHANNELS: list[tuple[Document, str]] = [
    ({"channels": ["slack", "sms"]}, "channels: sms is for critical alerts only"),
    ({"escalate_after": "1h"}, "escalate_to: escalate_after and escalate_to go together"),
    ({"escalate_to": ["email"]}, "escalate_to: escalate_after and escalate_to go together"),
    (
        {"escalate_after": "1h", "escalate_to": ["heartbeat"]},
        "escalate_to: the heartbeat is nobody to escalate to",
    ),
    ({"severity": "critical", "may_wait": True}, "may_wait: a critical alert cannot wait"),
]
TEXTS: list[tuple[Document, str]] = [
    (
        {"description": {"es": IN_BOTH, "en": "{{ $value }}, ${limit}"}},
        "description: es and en use different template values",
    ),
    (
        {"description": {"es": "{{ $value }} de ${limit}", "en": "{{ $value }}"}},
        "description: es and en use different thresholds",
    ),
    (
        {"description": {"es": "{{ $labels.pod }}", "en": "{{ $labels.pod }}"}},
        "description: uses the label pod, which identity does not name",
    ),
    ({"value": "{{ $labels.Pod }}"}, "description: uses the label Pod, which identity does not name"),
    ({"value": "{{ $value }} of ${limit}"}, "value: is of what was measured, without thresholds"),
    (
        {"summary": {"es": "Cola larga", "en": "{{ $value }}"}},
        "summary.en: must be static, so that it is equal for every instance",
    ),
    (
        {"summary": {"es": "Más de ${limit}", "en": "Long queue"}},
        "summary.es: must be static, so that it is equal for every instance",
    ),
    ({"summary": {"es": "x" * 71, "en": "Long queue"}}, "summary.es: is longer than 70 characters"),
    (
        {"summary": {"es": "Cola larga", "en": "列 queue"}},
        "summary.en: cannot be written in a text message: 列",
    ),
]
THRESHOLDS: list[tuple[Document, str]] = [
    (
        {"description": {"es": "${most}", "en": "${most}"}},
        "thresholds: ${most} is used and not defined",
    ),
    ({"thresholds": {"limit": 5, "most": 9}}, "thresholds: most is defined and not used in the condition"),
]
REFERENCES: list[tuple[Document, str]] = [
    ({"dashboard": "nothing"}, "dashboard: nothing is not the uid of a dashboard"),
    ({"runbook": "Spanish.md"}, "runbook: en/Spanish.md does not exist"),
    ({"runbook": "English.md"}, "runbook: es/English.md does not exist"),
]


@pytest.mark.parametrize(("change", "line"), [*DURATIONS, *CHANNELS, *TEXTS, *THRESHOLDS, *REFERENCES])
def test_fault_of_an_entry(
    project: Project, change: Document, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("runbooks/es/Spanish.md", "# Spanish\n")
    project.write("runbooks/en/English.md", "# English\n")

    status = project.compile(alert(**change), alert("Other"))

    assert (lines(capsys), status) == ([f"QueueLong: {line}"], 2)
    assert not project.output.exists()


def test_entries_and_languages_have_a_line_each(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    status = project.compile(alert(runbook="Nothing.md"), alert("Other", **{"for": "1s"}))

    assert status == 2
    assert lines(capsys) == [
        "Other: for: is shorter than 2 evaluations (30s)",
        "QueueLong: runbook: es/Nothing.md does not exist",
        "QueueLong: runbook: en/Nothing.md does not exist",
    ]
