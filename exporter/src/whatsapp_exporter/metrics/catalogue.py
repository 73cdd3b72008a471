"""Every metric of the product, for `docs/metrics.md`, against which rules and dashboards are checked."""

from whatsapp_exporter.collectors.api.metrics import METRICS as API_COLLECTOR_METRICS
from whatsapp_exporter.collectors.database.metrics import METRICS as DATABASE_METRICS
from whatsapp_exporter.collectors.graph.metrics import METRICS as GRAPH_METRICS
from whatsapp_exporter.collectors.health.metrics import METRICS as HEALTH_METRICS
from whatsapp_exporter.metrics.api import API_METRICS
from whatsapp_exporter.metrics.definition import MetricDefinition
from whatsapp_exporter.metrics.jobs import JOB_METRICS
from whatsapp_exporter.metrics.own import OWN_METRICS
from whatsapp_exporter.metrics.scheduler import SCHEDULER_METRICS

EXPORTER_METRICS: tuple[MetricDefinition, ...] = (
    *OWN_METRICS,
    *HEALTH_METRICS,
    *API_COLLECTOR_METRICS,
    *DATABASE_METRICS,
    *GRAPH_METRICS,
)
"""What the exporter's own pages show."""

CATALOGUE: tuple[MetricDefinition, ...] = (
    *EXPORTER_METRICS,
    *API_METRICS,
    *SCHEDULER_METRICS,
    *JOB_METRICS,
)
"""Every metric of the product."""
