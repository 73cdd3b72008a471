"""A project of its own with a catalogue of a few entries, and the command run on it."""

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

    @property
    def output(self) -> Path:
        """Where the compiled files go."""
        return self._folder / "out"

    def write(self, name: str, text: str) -> None:
        (self._folder / name).write_text(text, encoding="utf-8")

    def compile(
        self,
        *alerts: Document,
        objectives: tuple[Document, ...] = (),
        overrides: Document | None = None,
    ) -> int:
        """Write the catalogue and run the command; `overrides` are changes to the overrides file."""
        root = {"timing": TIMING, "include": ["all"]}
        area = {"alerts": list(alerts), "objectives": list(objectives)}
        self.write("catalog.yml", yaml.safe_dump(root))
        self.write("catalog/all.yml", yaml.safe_dump({kind: one for kind, one in area.items() if one}))
        self.write("overrides.yml", yaml.safe_dump({**OVERRIDES, **(overrides or {})}))
        return self.run()

    def run(self, *options: str) -> int:
        """Run the command on what was written."""
        folder = self._folder
        return main(
            [
                "compile",
                *options,
                f"--output={self.output}",
                f"--catalog={folder / 'catalog.yml'}",
                f"--overrides={folder / 'overrides.yml'}",
                f"--runbooks={folder / 'runbooks'}",
                f"--metrics={folder / 'metrics.md'}",
                f"--external-metrics={folder / 'external_metrics.yml'}",
                f"--dashboards={folder / 'dashboards'}",
            ]
        )


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return what is wrong without the file's path."""
    return [line.partition("all.yml: ")[2] for line in capsys.readouterr().err.splitlines()]
