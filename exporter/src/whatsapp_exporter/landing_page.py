"""The page at `/`: what the exporter is, where its metrics are, how its collectors do. No outside assets."""

from html import escape

from whatsapp_exporter.scrape import Scraper

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>WhatsApp exporter</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #ccc; }}
.ok {{ color: #176f2c; }} .failed {{ color: #b3261e; }}
</style>
</head>
<body>
<h1>WhatsApp exporter {version}</h1>
<p><a href="metrics">Metrics</a> · <a href="-/healthy">Health of the exporter</a></p>
<h2>Collectors</h2>
<table>
<thead><tr><th>Collector</th><th>Last run</th><th>Duration</th><th>Timeout</th><th>Reason</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</body>
</html>
"""
_ROW = (
    '<tr><td>{name}</td><td class="{css}">{state}</td><td>{duration}</td>'
    "<td>{timeout:g} s</td><td>{reason}</td></tr>"
)


def render_landing_page(scraper: Scraper, version: str) -> str:
    """Return the page as HTML."""
    rows = []
    for name, collector in scraper.collectors.items():
        run = collector.last_run
        rows.append(
            _ROW.format(
                name=escape(name),
                css="" if run is None else "failed" if run.error else "ok",
                state="not yet" if run is None else "failed" if run.error else "ok",
                duration="-" if run is None else f"{run.duration:.3f} s",
                timeout=collector.schedule.timeout,
                reason=escape(run.error or "") if run is not None else "",
            )
        )
    return _PAGE.format(version=escape(version), rows="\n".join(rows))
