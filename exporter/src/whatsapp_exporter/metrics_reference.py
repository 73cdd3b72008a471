"""Write or check `docs/metrics.md`, the reference of every metric name.

python -m whatsapp_exporter.metrics_reference [--check] [--output docs/metrics.md]
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from whatsapp_exporter.metrics.catalogue import CATALOGUE
from whatsapp_exporter.metrics.definition import SCRAPE_JOBS, MetricDefinition, Source

_HEADER = """\
# Metrics

Made by `python -m whatsapp_exporter.metrics_reference` from the definitions in
`exporter/src/whatsapp_exporter` (`metrics/`, and `metrics.py` of each collector); changes go there.
Histograms are exposed as `_bucket`, `_sum` and `_count`.
"""


def render(definitions: Sequence[MetricDefinition] = CATALOGUE) -> str:
    """Return the reference as Markdown, one table for each source."""
    parts = [_HEADER]
    for source in Source:
        rows = [definition for definition in definitions if definition.source is source]
        if not rows:
            continue
        parts.append(f"\n## {source.value}\n\nPrometheus job: `{SCRAPE_JOBS[source]}`.\n\n")
        parts.append("| Name | Type | Unit | Labels | Meaning |\n|---|---|---|---|---|\n")
        parts.extend(_row(definition) for definition in rows)
    return "".join(parts)


def _row(definition: MetricDefinition) -> str:
    labels = ", ".join(f"`{label}`" for label in definition.labels) or "-"
    cells = (f"`{definition.name}`", definition.kind.value, definition.unit, labels, definition.help)
    return f"| {' | '.join(cells)} |\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the reference; with `--check` exit 1 when the file differs from what would be written."""
    parser = argparse.ArgumentParser(prog="python -m whatsapp_exporter.metrics_reference")
    parser.add_argument("--output", type=Path, default=Path("docs/metrics.md"), help="file to write or check")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the file is stale")
    options = parser.parse_args(arguments)
    text = render()
    output: Path = options.output
    if not options.check:
        output.write_text(text, encoding="utf-8")
        return 0
    if output.exists() and output.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{output} is stale: run python -m whatsapp_exporter.metrics_reference\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
