"""Faults that the lint finds in parsed conditions: one line each, with entry, field and reason."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from whatsapp_alerting.__main__ import main

Document = dict[str, Any]

RUNBOOK = "Queue.md"
TIMING = {"scrape_interval": "30s", "evaluation_interval": "15s", "group_wait": "20s"}
OVERRIDES = {
    "runbook_base_url": "https://mon1/runbooks",
    "receivers": {"slack": {"api_url_file": "/etc/prometheus/secrets/slack"}},
}
REFERENCE = """\
| `app_queue` | gauge | messages | `state` | Waiting |
| `app_ready` | gauge | boolean | - | 1 when ready |
| `app_full_ratio` | gauge | ratio | - | Share in use |
| `app_error_percent` | gauge | percent | - | Share of errors |
| `app_requests_total` | counter | requests | `code` | Served |
| `app_duration_seconds` | histogram | seconds | - | Time of a request |
"""
EXTERNAL = """\
node_load1: {type: gauge, from: node exporter}
node_reads_total: {type: counter, from: node exporter}
"""


def alert(name: str = "QueueLong", **changes: object) -> Document:
    series = 'app_queue{job="app",host="a",state="due"}'
    text = "{{ $labels.host }}: {{ $value }}, ${limit}"
    return {
        "name": name,
        "summary": {"es": "Cola larga", "en": "Long queue"},
        "description": {"es": text, "en": text},
        "value": "{{ $value }}",
        "condition": "max by (host) (last_over_time(app_queue[2m])) > ${limit}",
        "thresholds": {"limit": 5},
        "for": "1m",
        "severity": "warning",
        "cooldown": "10m",
        "channels": ["slack"],
        "identity": ["host"],
        "detect_within": "3m",
        "runbook": RUNBOOK,
        "signal": {
            "healthy": {series: "0"},
            "boundary": [{series: "${limit}"}],
            "faults": [{"name": "full", "labels": {"host": "a"}, "series": {series: "${limit} + 1"}}],
        },
        **changes,
    }


def objective(**changes: object) -> Document:
    return {
        "name": "Answers",
        "summary": {"es": "Respuestas", "en": "Answers"},
        "description": {"es": "Se responde.", "en": "Answered."},
        "good": 'sum by (host) (increase(app_requests_total{code="200"}[${window}]))',
        "total": "sum by (host) (increase(app_requests_total[${window}]))",
        "target_percent": 99.9,
        "identity": ["host"],
        "page_channels": ["slack"],
        "ticket_channels": ["slack"],
        "runbook": RUNBOOK,
        "signal": {
            "labels": {"host": "a"},
            "series": {
                'app_requests_total{job="app",host="a",code="200"}': "good",
                'app_requests_total{job="app",host="a",code="500"}': "bad",
            },
        },
        **changes,
    }


class Project:
    """A folder with everything that the compiler reads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for language in ("es", "en"):
            (folder / "runbooks" / language).mkdir(parents=True)
            (folder / "runbooks" / language / RUNBOOK).write_text("# Queue\n", encoding="utf-8")
        (folder / "dashboards").mkdir()
        (folder / "dashboards/queue.json").write_text('{"uid": "queue"}', encoding="utf-8")
        (folder / "metrics.md").write_text(REFERENCE, encoding="utf-8")
        (folder / "external_metrics.yml").write_text(EXTERNAL, encoding="utf-8")
        (folder / "catalog").mkdir()

    def write(self, name: str, text: str) -> None:
        (self._folder / name).write_text(text, encoding="utf-8")

    def compile(
        self,
        *alerts: Document,
        objectives: tuple[Document, ...] = (),
        overrides: Document | None = None,
    ) -> int:
        root = {"timing": TIMING, "include": ["all"]}
        area = {"alerts": list(alerts), "objectives": list(objectives)}
        self.write("catalog.yml", yaml.safe_dump(root))
        self.write("catalog/all.yml", yaml.safe_dump({kind: one for kind, one in area.items() if one}))
        self.write("overrides.yml", yaml.safe_dump({**OVERRIDES, "alerts": overrides or {}}))
        folder = self._folder
        return main(
            [
                "compile",
                f"--output={folder / 'out'}",
                f"--catalog={folder / 'catalog.yml'}",
                f"--overrides={folder / 'overrides.yml'}",
                f"--runbooks={folder / 'runbooks'}",
                f"--metrics={folder / 'metrics.md'}",
                f"--external-metrics={folder / 'external_metrics.yml'}",
                f"--dashboards={folder / 'dashboards'}",
            ]
        )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return what is wrong without the file's path."""
    return [line.partition("all.yml: ")[2] for line in capsys.readouterr().err.splitlines()]


TOP = "max by (host) (last_over_time(app_queue[2m]))"
CONDITIONS = [
    # Metrics.
    (
        "max by (host) (app_queues) > ${limit}",
        "condition: app_queues is neither in docs/metrics.md nor in external_metrics.yml",
    ),
    (
        "max by (host) (objective:nothing:ratio1h) > ${limit}",
        "condition: objective:nothing:ratio1h is not recorded by any objective",
    ),
    (
        "max by (host) (app_duration_seconds) > ${limit}",
        "condition: app_duration_seconds is a histogram, read by app_duration_seconds_bucket, ",
    ),
    ('max by (host) (app_queue{stat="due"}) > ${limit}', "condition: app_queue has no label stat"),
    # Functions for counters, and for gauges.
    (
        "sum by (host) (rate(app_queue[5m])) > ${limit}",
        "condition: rate is for counters, and app_queue is a gauge",
    ),
    (
        "max by (host) (resets(node_load1[5m])) > ${limit}",
        "condition: resets is for counters, and node_load1 is a gauge",
    ),
    (
        "max by (host) (deriv(app_requests_total[5m])) > ${limit}",
        "condition: deriv is for gauges, and app_requests_total is a counter",
    ),
    (
        "max by (host) (avg_over_time(app_duration_seconds_sum[5m])) > ${limit}",
        "condition: avg_over_time is for gauges, and app_duration_seconds_sum is a counter",
    ),
    (
        "rate(sum by (host) (app_requests_total)[5m:1m]) > ${limit}",
        "condition: rate over a sum takes a reset of one series for growth: sum the rate instead",
    ),
    (
        "histogram_quantile(0.9, sum by (host) (rate(app_duration_seconds_bucket[5m]))) > ${limit}",
        "condition: histogram_quantile needs the label le, which the aggregation drops",
    ),
    # Ranges.
    (
        "max by (host) (max_over_time(app_queue[1m])) > ${limit}",
        "condition: the range 1m is shorter than 4 scrapes (2m)",
    ),
    (
        "max by (host) (max_over_time(app_queue[1m:30s])) > ${limit}",
        "condition: the range 1m is shorter than 4 scrapes (2m)",
    ),
    # Labels of the result.
    ("max(app_queue) > ${limit}", "identity: names host, which the result of the condition does not have"),
    (
        "max by (host, state) (app_queue) > ${limit}",
        "identity: does not name state, which the result of the condition has",
    ),
    (
        f'label_replace({TOP} > ${{limit}}, "kind", "long", "", "")',
        "identity: does not name kind, which the result of the condition has",
    ),
    (
        "app_queue > ${limit}",
        "condition: its result has unknown labels: aggregate it by those of identity",
    ),
    # Matching.
    (
        f"{TOP} > ${{limit}} and max by (host, state) (app_queue) > 0",
        "condition: the sides of and never match: only one of them has state; aggregate both alike, or",
    ),
    (
        f"{TOP} / app_full_ratio > ${{limit}}",
        "condition: the sides of / never match: only one of them has instance, job; aggregate both",
    ),
    (
        f"{TOP} > ${{limit}} unless on (host, state) max by (host, state) (app_queue) > 0",
        "condition: unless matches on state, which one of its sides does not have",
    ),
    # What always fires, or never.
    ("${limit} * max by (host) (app_queue)", "condition: compares nothing, so it fires for every series"),
    (
        f"{TOP} == ${{limit}}",
        "condition: == with a number that is not a state (0 or 1): a measured value is rarely equal to it",
    ),
    (
        f"{TOP} > ${{limit}} and on () vector(1) > 2",
        "condition: vector(1) > 2 compares constants",
    ),
    (
        "max by (host) (app_full_ratio) > ${limit}",
        "condition: ... > 5 is never true: the values cannot go that far",
    ),
    (
        "max by (host) (app_error_percent) >= 20 * ${limit} + 1",
        "condition: ... >= 20 * 5 + 1 is never true: the values cannot go that far",
    ),
    (
        "sum by (host) (increase(app_requests_total[5m])) < ${limit} - 5",
        "condition: ... < 5 - 5 is never true: the values cannot go that far",
    ),
    # Thresholds in strings.
    (
        'max by (host) (app_queue{state="${limit}"}) > ${limit}',
        "condition: ${limit} stands in a string, where a number means nothing",
    ),
]


@pytest.mark.parametrize(("condition", "line"), CONDITIONS)
def test_fault_of_a_condition(
    project: Project, condition: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = project.compile(alert(condition=condition))

    (written,) = lines(capsys)
    assert status == 2
    assert written.startswith(f"QueueLong: {line}")


ENTRIES: list[tuple[Document, str]] = [
    ({"keep_firing_for": "11m"}, "keep_firing_for: is longer than the cooldown (10m): what is over would be"),
    ({"dashboard": "nothing"}, "dashboard: nothing is not the uid of a dashboard"),
    ({"runbook": "Nothing.md"}, "runbook: es/Nothing.md does not exist"),
    (
        {"description": {"es": "{{ $value }} de ${limit}", "en": "{{ $value }}"}},
        "description: es and en use different thresholds",
    ),
    ({"value": "{{ $value }} of ${limit}"}, "value: is of what was measured, without thresholds"),
    ({"value": "{{ $labels.Pod }}"}, "description: uses the label Pod, which identity does not name"),
    (
        {"inhibited_by": [{"alert": "Other", "equal": ["host"], "target_labels": {"host": "{{ $value }}"}}]},
        "inhibited_by.0: host is compared as it is written, so {{ $value }} is not a value",
    ),
    (
        {
            "kind": "absence",
            "condition": 'absent(app_queue{host="a",job=~".+"}) or max by (host) (app_queue) > ${limit}',
        },
        "condition: absent cannot say which series is absent: it asks job for more than one value",
    ),
]


@pytest.mark.parametrize(("change", "line"), ENTRIES)
def test_fault_of_an_entry(
    project: Project, change: Document, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = project.compile(alert(**change), alert("Other"))

    written = lines(capsys)
    assert status == 2
    assert written[0].startswith(f"QueueLong: {line}")
    assert {one.partition(":")[0] for one in written} == {"QueueLong"}


SIGNALS = [
    ("{}", "{} is not a series"),
    ("app_queue{", "app_queue{ is not a series:"),
    ("app_queues{host='a'}", "app_queues is neither in docs/metrics.md nor in external_metrics.yml"),
    ("app_duration_seconds{host='a'}", "app_duration_seconds is a histogram, read by"),
]


@pytest.mark.parametrize(("series", "line"), SIGNALS)
def test_fault_of_a_signal(
    project: Project, series: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = alert()
    entry["signal"]["healthy"][series] = "0"

    status = project.compile(entry)

    (written,) = lines(capsys)
    assert status == 2
    assert written.startswith(f"QueueLong: signal: {line}")


OBJECTIVES: list[tuple[Document, str]] = [
    (
        {"good": "sum by (host) (increase(app_queue[${window}]))"},
        "good: increase is for counters, and app_queue",
    ),
    (
        {"total": "sum by (host) (increase(app_request_total[${window}]))"},
        "total: app_request_total is neither",
    ),
    (
        {"total": "sum(increase(app_requests_total[${window}]))"},
        "total: has no labels, and identity names host",
    ),
    (
        {"good": "increase(app_requests_total[${window}])"},
        "good: has unknown labels, and identity names host",
    ),
    ({"good": "sum by (host) ([${window}]"}, "good: is not PromQL:"),
    ({"dashboard": "nothing"}, "dashboard: nothing is not the uid of a dashboard"),
]


@pytest.mark.parametrize(("change", "line"), OBJECTIVES)
def test_fault_of_an_objective(
    project: Project, change: Document, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = project.compile(objectives=(objective(**change),))

    (written,) = lines(capsys)
    assert status == 2
    assert written.startswith(f"Answers: {line}")


def test_alerts_that_keep_each_other_quiet(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    around = [
        alert(name, inhibited_by=[{"alert": by, "equal": ["host"]}])
        for name, by in (("First", "Third"), ("Second", "First"), ("Third", "Second"))
    ]

    status = project.compile(*around)

    assert status == 2
    assert lines(capsys) == [
        "First: inhibited_by.0: closes a circle of alerts that keep each other quiet: First, Second, Third"
    ]


def test_circle_that_labels_keep_open_is_none(project: Project) -> None:
    by_state = {
        "condition": "max by (host, state) (last_over_time(app_queue[2m])) > ${limit}",
        "identity": ["host", "state"],
    }
    quiet = [
        {"alert": "Second", "equal": ["host"], "target_labels": {"state": "due"}},
    ]
    entries = [
        alert("First", **by_state, inhibited_by=quiet),
        alert(
            "Second", inhibited_by=[{"alert": "First", "equal": ["host"], "source_labels": {"state": "late"}}]
        ),
    ]
    for fault in entries[0]["signal"]["faults"]:
        fault["labels"]["state"] = "due"

    assert project.compile(*entries) == 0


def test_overrides_with_a_threshold_out_of_reach(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = alert(
        condition="max by (host) (last_over_time(app_error_percent[2m])) > ${limit}", keep_firing_for="5m"
    )

    status = project.compile(entry, overrides={"QueueLong": {"thresholds": {"limit": 100}, "cooldown": "2m"}})

    written = [line.partition("overrides.yml: ")[2] for line in capsys.readouterr().err.splitlines()]
    assert status == 2
    assert written == [
        "QueueLong: thresholds: ... > 100 is never true: the values cannot go that far",
        "QueueLong: keep_firing_for: is longer than the cooldown (2m): what is over would be told again",
    ]


RIGHT = [
    TOP + " > ${limit}",
    "max by (host) (changes(app_requests_total[5m]) + count_over_time(app_queue[5m])) > ${limit}",
    "sum by (host) (increase(app_requests_total[5m:1m])) > ${limit}",
    "sum by (host) (rate(node_reads_total[5m])) * on (host) group_left max by (host) (app_queue) > ${limit}",
    'sum by (host) (increase(app_duration_seconds_bucket{le="5"}[5m])) > ${limit}',
    "histogram_quantile(0.9, sum by (host, le) (rate(app_duration_seconds_bucket[5m]))) > ${limit}",
    "100 * max by (host) (app_full_ratio) > ${limit}",
    "sum without (job, instance, state) (app_queue) > ${limit} and max by (host) (app_ready) == 1",
    TOP + " > ${limit} unless on (host) app_ready == 0",
    TOP + " > ${limit} or max by (host) (app_ready) == 0",
    'max by (host) (label_replace(app_queue, "host", "$1", "instance", "(.+):.+")) > ${limit}',
    "max by (host) (deriv((app_queue - app_ready)[5m:30s])) > ${limit}",
    "time() - max by (host) (last_over_time(node_load1[2m])) > ${limit}",
    "max by (host) (abs(time() - timestamp(app_queue))) > bool ${limit} == 1",
]


@pytest.mark.parametrize("condition", RIGHT)
def test_condition_without_a_fault(
    project: Project, condition: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = project.compile(
        alert(condition=condition, dashboard="queue"), objectives=(objective(dashboard="queue"),)
    )

    assert (lines(capsys), status) == ([], 0)


def test_absence_carries_the_labels_that_are_asked_for(project: Project) -> None:
    entry = alert(
        condition='absent_over_time(app_queue{host="a",state="due"}[5m])',
        kind="absence",
        thresholds={},
        identity=["host", "state"],
        description={"es": "No hay cola.", "en": "There is no queue."},
    )
    series = next(iter(entry["signal"]["healthy"]))
    entry["signal"] = {
        "healthy": {series: "0"},
        "faults": [{"name": "gone", "labels": {"host": "a", "state": "due"}, "series": {series: "absent"}}],
    }

    assert project.compile(entry) == 0


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        (
            "external_metrics.yml",
            "node_load1: {type: number, from: node}",
            "node_load1: type: Input should be",
        ),
        ("external_metrics.yml", "node_load1: {type: gauge}", "node_load1: from: Field required"),
        ("metrics.md", "nothing\n", "has no metrics"),
        ("dashboards/queue.json", "{", "is not JSON:"),
    ],
)
def test_fault_of_what_the_catalogue_refers_to(
    project: Project, file: str, text: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write(file, text)

    status = project.compile(alert())

    written = capsys.readouterr().err
    assert status == 2
    assert written.count("\n") == 1
    assert f"{file}: {line}" in written
