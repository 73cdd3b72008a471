"""The page at `/`: what the exporter is, where its metrics are, how its collectors do. No outside assets."""

from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape

from whatsapp_exporter.exporter import Exporter
from whatsapp_exporter.scheduled_collector import ScheduledCollector
from whatsapp_exporter.targets import Target

TEXTS: Mapping[str, Mapping[str, str]] = {
    "es": {
        "metrics": "Métricas",
        "this_service": "Este servicio",
        "target": "Objetivo {name}",
        "debug": "diagnóstico",
        "collector": "Recolector",
        "state": "Última ejecución",
        "duration": "Duración",
        "limit": "Límite",
        "when": "Cuándo",
        "last_success": "Último éxito",
        "reason": "Último error",
        "ok": "correcta",
        "failed": "falló",
        "never": "todavía no",
        "on_scrape": "al consultar",
        "every": "cada {seconds:g} s",
        "at_most_every": "al consultar, como mucho cada {seconds:g} s",
        "config_ok": "Configuración leída el {when}.",
        "config_failed": "La configuración nueva no es válida; sigue en vigor la del {when}. Motivo: {error}",
    },
    "en": {
        "metrics": "Metrics",
        "this_service": "This service",
        "target": "Target {name}",
        "debug": "diagnosis",
        "collector": "Collector",
        "state": "Last run",
        "duration": "Duration",
        "limit": "Limit",
        "when": "When",
        "last_success": "Last success",
        "reason": "Last error",
        "ok": "ok",
        "failed": "failed",
        "never": "not yet",
        "on_scrape": "when scraped",
        "every": "every {seconds:g} s",
        "at_most_every": "when scraped, at most every {seconds:g} s",
        "config_ok": "Configuration read at {when}.",
        "config_failed": "The new configuration is not valid; the one of {when} is in force. Reason: {error}",
    },
}
_COLUMNS = ("collector", "state", "duration", "limit", "when", "last_success", "reason")
_PAGE = """\
<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>WhatsApp exporter</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #8884; }}
.ok {{ color: #2e9e48; }} .failed {{ color: #d9473e; }}
</style>
</head>
<body>
<h1>WhatsApp exporter {version}</h1>
<p>{configuration}</p>
{targets}
</body>
</html>
"""


def render_landing_page(exporter: Exporter) -> str:
    """Return the page as HTML, in the configuration's language."""
    texts = TEXTS[exporter.config.language]
    targets = [exporter.targets.main, *exporter.targets.named.values()]
    return _PAGE.format(
        language=exporter.config.language,
        version=escape(exporter.version),
        configuration=_configuration(exporter, texts),
        targets="\n".join(_target(target, texts) for target in targets),
    )


def _configuration(exporter: Exporter, texts: Mapping[str, str]) -> str:
    status = exporter.reloader.status
    when = _moment(status.successful_at)
    if status.error is None:
        return f'<span class="ok">{escape(texts["config_ok"].format(when=when))}</span>'
    return (
        f'<span class="failed">{escape(texts["config_failed"].format(when=when, error=status.error))}</span>'
    )


def _target(target: Target, texts: Mapping[str, str]) -> str:
    name = escape(target.name)
    if name:
        title = texts["target"].format(name=name)
        links = f'<a href="probe?target={name}">{texts["metrics"]}</a>'
        links += f' · <a href="probe?target={name}&amp;debug=true">{texts["debug"]}</a>'
    else:
        title, links = texts["this_service"], f'<a href="metrics">{texts["metrics"]}</a>'
    head = "".join(f"<th>{texts[column]}</th>" for column in _COLUMNS)
    rows = "\n".join(_row(collector, texts) for collector in target.scraper.collectors.values())
    table = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    return f'<h2>{title}</h2>\n<p>{links}</p>\n<div class="wide">{table}</div>'


def _row(collector: ScheduledCollector, texts: Mapping[str, str]) -> str:
    run = collector.last_run
    state = "never" if run is None else "failed" if run.error else "ok"
    cells = [
        escape(collector.name),
        texts[state],
        "-" if run is None else f"{run.duration:.3f} s",
        f"{collector.schedule.timeout:g} s",
        _when(collector, texts),
        _moment(collector.last_success) if collector.last_success else "-",
        escape(collector.last_error or "-"),
    ]
    classes = ["", "" if run is None else state, *[""] * 5]
    return "<tr>" + "".join(map(_cell, cells, classes)) + "</tr>"


def _cell(text: str, css: str) -> str:
    return f'<td class="{css}">{text}</td>' if css else f"<td>{text}</td>"


def _when(collector: ScheduledCollector, texts: Mapping[str, str]) -> str:
    schedule = collector.schedule
    if schedule.interval is not None:
        return texts["every"].format(seconds=schedule.interval)
    if schedule.min_interval:
        return texts["at_most_every"].format(seconds=schedule.min_interval)
    return texts["on_scrape"]


def _moment(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).isoformat(sep=" ", timespec="seconds").replace("+00:00", " UTC")
