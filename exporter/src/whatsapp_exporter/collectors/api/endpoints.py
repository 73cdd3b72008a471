"""The endpoints that are asked, and which field of their documents each metric is."""

from dataclasses import dataclass

from whatsapp_exporter.collectors.api import metrics
from whatsapp_exporter.json_fields import FieldPath
from whatsapp_exporter.metrics.definition import MetricDefinition
from whatsapp_exporter.readings import FieldKind, Reading


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One of them. `name` is the label's value, `path` follows the API's address."""

    name: str
    path: str
    readings: tuple[Reading, ...]


def _required(definition: MetricDefinition, *path: str, over: float = 1.0) -> Reading:
    return Reading(definition, path, over=over, required=True)


def _moment(definition: MetricDefinition, path: FieldPath) -> Reading:
    return Reading(definition, path, FieldKind.TIMESTAMP)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "metrics",
        "/api/notifications/metrics",
        (
            _required(metrics.TODAY_ACCEPTED, "total_notificaciones"),
            _required(metrics.TODAY_SENT, "enviadas"),
            _required(metrics.TODAY_DELIVERED, "entregadas"),
            _required(metrics.TODAY_READ, "leidas"),
            _required(metrics.TODAY_FAILED, "errores"),
            _required(metrics.TODAY_SUCCESS_RATIO, "tasa_exito_porcentaje", over=100.0),
            _required(metrics.TODAY_ERROR_RATIO, "tasa_error_porcentaje", over=100.0),
            Reading(metrics.TODAY_DELIVERY_RATIO, ("tasa_entrega_porcentaje",), over=100.0),
            _required(metrics.DUE, "pendientes"),
            _required(metrics.SCHEDULED, "programadas"),
        ),
    ),
    Endpoint(
        "system",
        "/api/notifications/metrics/system",
        (
            _required(metrics.AVERAGE_RESPONSE, "avg_response_time_ms", over=1000.0),
            _required(metrics.UPTIME, "uptime_seconds"),
        ),
    ),
    Endpoint(
        "scheduler",
        "/api/notifications/scheduler/status",
        (
            Reading(
                metrics.SCHEDULER_RUNNING, ("data", "scheduler_running"), FieldKind.BOOLEAN, required=True
            ),
            _required(metrics.SCHEDULER_ACTIVE_JOBS, "data", "active_jobs"),
            _moment(metrics.SCHEDULER_LAST_EXECUTION, ("data", "last_execution")),
            _moment(metrics.SCHEDULER_NEXT_EXECUTION, ("data", "next_execution")),
            _moment(metrics.SCHEDULER_HEARTBEAT, ("data", "heartbeat")),
        ),
    ),
)
"""All of them."""
