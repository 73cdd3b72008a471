"""`/probe?debug=true`: what a scrape of a target did, for a person who looks for the reason of a gap."""

import yaml

from whatsapp_exporter.exporter import Page
from whatsapp_exporter.targets import Target


def render_debug_report(target: Target, page: Page, budget: float) -> str:
    """Return the report as text: how each collector went, the target's configuration, its page.

    A configuration names files with secrets, never the secrets.
    """
    lines = [f"Target: {target.name}", f"Time for the collectors: {budget:.3f} s", "", "Collectors:"]
    for name, shown in page.result.shown.items():
        series = sum(one.series for one in shown.families)
        state = "ok" if shown.error is None else f"failed: {shown.error}"
        lines.append(
            f"  {name}: {state}; took {shown.duration:.3f} s, shown data is {shown.age:.3f} s old,"
            f" {len(shown.families)} families, {series} label sets"
        )
    if page.dropped:
        lines += ["", "Series left out (max_series_per_family):"]
        lines += [f"  {name}: {number}" for name, number in sorted(page.dropped.items())]
    configuration = yaml.safe_dump(target.config.model_dump(mode="json", exclude_none=True), sort_keys=False)
    lines += ["", "Configuration:", *(f"  {line}" for line in configuration.splitlines()), "", "Page:", ""]
    return "\n".join(lines) + page.body.decode("utf-8")
