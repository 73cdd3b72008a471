"""The manual's "WhatsApp Notifications - Production Dashboard", with health and alerts beside it.

Source: the operations manual, "Dashboard con Grafana". Its four expressions are unchanged; its panel types
`graph` and `singlestat` no longer exist, their successors are `timeseries` and `stat`.
"""

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, DatasourceVariable
from grafana_foundation_sdk.builders.dashboard import Dashboard as DashboardBuilder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    GridPos,
    Panel,
    VariableHide,
)

from whatsapp_dashboards.language import Language, Text
from whatsapp_dashboards.panels import (
    DATA_SOURCE,
    DATA_SOURCE_VARIABLE,
    Frame,
    Named,
    Query,
    Step,
    dial,
    instant_table,
    single_stat,
    state_timeline,
    time_series,
)

UID = "whatsapp-overview"
"""Part of the dashboard's address; the alert catalogue links to it."""

MANUAL_EXPRESSIONS = (
    "rate(whatsapp_notifications_sent_total[5m])",
    "whatsapp_success_rate_percentage",
    "whatsapp_response_time_ms",
    "whatsapp_pending_notifications",
)
SENT_RATE, SUCCESS_RATE, RESPONSE_TIME, QUEUE_SIZE = MANUAL_EXPRESSIONS

# Alerts that ask for somebody; the watchdog, which always fires, is of severity info.
FIRING = 'ALERTS{alertstate="firing",severity=~"critical|warning"}'

# 2 healthy, 1 degraded, 0 down: one number that a panel can colour.
HEALTH_LEVEL = (
    'min by (host) (2 * whatsapp_health_status{status="healthy"}'
    ' + ignoring (status) whatsapp_health_status{status="degraded"})'
)
COMPONENT_GOOD = (
    'max by (host, component) (whatsapp_health_component_status{status=~"healthy|connected|running"})'
)

_TITLE = Text(
    es="WhatsApp Notifications - Tablero de producción", en="WhatsApp Notifications - Production Dashboard"
)
_DESCRIPTION = Text(
    es="Envíos, éxito, tiempos, cola, salud y alertas del sistema de notificaciones WhatsApp.",
    en="Sends, success, times, queue, health and alerts of the WhatsApp notification system.",
)
_SOURCE_LABEL = Text(es="Fuente de datos", en="Data source")
_ALERTS_ANNOTATION = Text(es="Alertas activas", en="Firing alerts")


def build_production(language: Language) -> Dashboard:
    """Return the dashboard with its texts in the language."""
    dashboard = (
        DashboardBuilder(_TITLE.in_language(language))
        .uid(UID)
        .description(_DESCRIPTION.in_language(language))
        .tags(["whatsapp"])
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .refresh("30s")
        .time("now-6h", "now")
        .readonly()
        .with_variable(
            DatasourceVariable(DATA_SOURCE_VARIABLE)
            .label(_SOURCE_LABEL.in_language(language))
            .type("prometheus")
            .hide(VariableHide.DONT_HIDE)
        )
        .annotation(
            AnnotationQuery()
            .name(_ALERTS_ANNOTATION.in_language(language))
            .datasource(DATA_SOURCE)
            .enable(True)
            .icon_color("red")
            .expr(FIRING)
        )
        .build()
    )
    dashboard.panels = [*_verdict(language), *_traffic(language), *_detail(language)]
    return dashboard


def _verdict(language: Language) -> list[Panel]:
    """Return the first row: is everything well?"""
    down, degraded, healthy = (
        Text(es="Caído", en="Down"),
        Text(es="Degradado", en="Degraded"),
        Text(es="Sano", en="Healthy"),
    )
    return [
        single_stat(
            _frame(
                language,
                1,
                Text(es="Estado de salud", en="Health status"),
                Text(
                    es="Estado que informa /health de la API; sin respuesta cuenta como caído.",
                    en="What the API's /health reports; no answer counts as down.",
                ),
                units.NoUnit,
                GridPos(x=0, y=0, w=6, h=5),
            ),
            Query(HEALTH_LEVEL, "{{host}}"),
            [Step(None, "red"), Step(1, "orange"), Step(2, "green")],
            names=[
                Named(0, down.in_language(language), "red"),
                Named(1, degraded.in_language(language), "orange"),
                Named(2, healthy.in_language(language), "green"),
            ],
            sparkline=False,
        ),
        single_stat(
            _frame(
                language,
                2,
                Text(es="Alertas activas", en="Firing alerts"),
                Text(
                    es="Alertas críticas y de advertencia que están activas ahora.",
                    en="Critical and warning alerts that fire now.",
                ),
                units.Short,
                GridPos(x=6, y=0, w=6, h=5),
            ),
            Query(f"count({FIRING}) or vector(0)", _ALERTS_ANNOTATION.in_language(language)),
            [Step(None, "green"), Step(1, "red")],
        ),
        single_stat(
            _frame(
                language,
                3,
                Text(es="Tasa de éxito", en="Success Rate"),
                Text(
                    es="Notificaciones de hoy sin error sobre las terminadas. Objetivo: > 95 %.",
                    en="Not failed over today's finished notifications. Objective: > 95 %.",
                ),
                units.Percent,
                GridPos(x=12, y=0, w=6, h=5),
            ),
            Query(SUCCESS_RATE, Text(es="Éxito %", en="Success %").in_language(language)),
            [Step(None, "red"), Step(90, "orange"), Step(95, "green")],
        ),
        dial(
            _frame(
                language,
                4,
                Text(es="Tasa de error", en="Error Rate"),
                Text(
                    es="Fallidas sobre las notificaciones terminadas hoy. Objetivo: < 1 %; alerta: > 5 %.",
                    en="Failed over today's finished notifications. Objective: < 1 %; alert: > 5 %.",
                ),
                units.Percent,
                GridPos(x=18, y=0, w=6, h=5),
            ),
            Query("whatsapp_error_rate_percentage", Text(es="Error %", en="Error %").in_language(language)),
            [Step(None, "green"), Step(1, "orange"), Step(5, "red")],
            maximum=20,
        ),
    ]


def _traffic(language: Language) -> list[Panel]:
    """Return the second row: the manual's graphs of sends and queue."""
    return [
        time_series(
            _frame(
                language,
                5,
                Text(es="Notificaciones enviadas (tasa)", en="Notifications Sent (Rate)"),
                Text(
                    es="Notificaciones enviadas por segundo, media de 5 minutos.",
                    en="Notifications sent per second, averaged over 5 minutes.",
                ),
                units.CountsPerSecond,
                GridPos(x=0, y=5, w=12, h=8),
            ),
            [Query(SENT_RATE, Text(es="Notificaciones/s", en="Notifications/sec").in_language(language))],
            [Step(None, "green")],
        ),
        time_series(
            _frame(
                language,
                6,
                Text(es="Tamaño de la cola", en="Queue Size"),
                Text(
                    es="Notificaciones pendientes cuya hora ya llegó. Objetivo: < 50; alerta: > 100.",
                    en="Pending notifications whose time has come. Objective: < 50; alert: > 100.",
                ),
                units.Short,
                GridPos(x=12, y=5, w=12, h=8),
            ),
            [
                Query(
                    QUEUE_SIZE,
                    Text(es="Notificaciones pendientes", en="Pending Notifications").in_language(language),
                )
            ],
            [Step(None, "green"), Step(50, "orange"), Step(100, "red")],
        ),
    ]


def _detail(language: Language) -> list[Panel]:
    """Return the rest: response time, components, the alerts by name."""
    good, bad = Text(es="Bien", en="Good"), Text(es="Mal", en="Bad")
    return [
        time_series(
            _frame(
                language,
                7,
                Text(es="Tiempo de respuesta", en="Response Time"),
                Text(
                    es="Tiempo medio de respuesta de la API. Objetivo: < 200 ms.",
                    en="Average response time of the API. Objective: < 200 ms.",
                ),
                units.Milliseconds,
                GridPos(x=0, y=13, w=12, h=8),
            ),
            [
                Query(
                    RESPONSE_TIME,
                    Text(es="Tiempo de respuesta (ms)", en="Response Time (ms)").in_language(language),
                )
            ],
            [Step(None, "green"), Step(200, "orange")],
        ),
        state_timeline(
            _frame(
                language,
                8,
                Text(es="Estado de los componentes", en="Component status"),
                Text(
                    es="Base de datos, API de WhatsApp, planificador y caché según /health.",
                    en="Database, WhatsApp API, scheduler and cache as /health reports them.",
                ),
                units.NoUnit,
                GridPos(x=12, y=13, w=12, h=8),
            ),
            [Query(COMPONENT_GOOD, "{{component}} {{host}}")],
            [Named(1, good.in_language(language), "green"), Named(0, bad.in_language(language), "red")],
        ),
        instant_table(
            _frame(
                language,
                9,
                Text(es="Alertas activas por nombre", en="Firing alerts by name"),
                Text(
                    es="Alertas críticas y de advertencia activas, por nombre, gravedad y host.",
                    en="Firing critical and warning alerts by name, severity and host.",
                ),
                units.Short,
                GridPos(x=0, y=21, w=24, h=7),
            ),
            Query(f"count by (alertname, severity, host) ({FIRING})", "{{alertname}}"),
            columns={
                "alertname": Text(es="Alerta", en="Alert").in_language(language),
                "severity": Text(es="Gravedad", en="Severity").in_language(language),
                "host": Text(es="Host", en="Host").in_language(language),
            },
        ),
    ]


def _frame(language: Language, id_: int, title: Text, description: Text, unit: str, grid: GridPos) -> Frame:
    return Frame(id_, title.in_language(language), description.in_language(language), unit, grid)
