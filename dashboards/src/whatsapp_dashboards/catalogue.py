"""Every dashboard, its file and its text."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from whatsapp_dashboards.language import Language
from whatsapp_dashboards.production import build_production

BUILDERS: Mapping[str, Callable[[Language], Dashboard]] = MappingProxyType(
    {"whatsapp-production": build_production}
)
"""File name without `.json` -> builder."""


def encode(dashboard: Dashboard) -> str:
    """Return the dashboard as Grafana's classic JSON, keys sorted, so that a change shows as a small diff."""
    return JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(dashboard) + "\n"
