"""The exporter's configuration file (`--config.file`)."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from whatsapp_exporter.collectors.api.config import ApiConfig
from whatsapp_exporter.collectors.database.config import DatabaseConfig
from whatsapp_exporter.collectors.graph.config import GraphConfig
from whatsapp_exporter.collectors.health.config import HealthConfig
from whatsapp_exporter.section import Section, Timeout
from whatsapp_exporter.yaml_file import ConfigError, load_yaml

__all__ = ["CollectorsConfig", "Config", "ConfigError", "load_config"]

TargetName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]


class CollectorsConfig(Section):
    """The collectors to run; a section that is absent leaves its collector out."""

    health: HealthConfig | None = None
    api: ApiConfig | None = None
    database: DatabaseConfig | None = None
    graph: GraphConfig | None = None

    @model_validator(mode="after")
    def _at_least_one(self) -> "CollectorsConfig":
        if not any((self.health, self.api, self.database, self.graph)):
            raise ValueError("at least one collector must be configured")
        return self


class Config(Section):
    """The whole file.

    `collectors`: those of `/metrics`. `targets`: other services, by the name that `/probe?target=` takes.
    `scrape_timeout`: seconds a scrape may take when Prometheus does not say (it does, in the header
    `X-Prometheus-Scrape-Timeout-Seconds`); it also caps what Prometheus says. `max_concurrent_scrapes`:
    scrapes at the same time; one more is answered 503. `max_series_per_family`: series that a metric family
    shows at most; the rest is left out and counted. `state_directory`: where collectors keep what must
    outlive a restart (null: nowhere). `language`: of the landing page.
    """

    collectors: CollectorsConfig
    targets: dict[TargetName, CollectorsConfig] = Field(default_factory=dict, max_length=100)
    scrape_timeout: Timeout = 30.0
    max_concurrent_scrapes: Annotated[int, Field(ge=1, le=1000)] = 40
    max_series_per_family: Annotated[int, Field(ge=10, le=1_000_000)] = 5000
    state_directory: Path | None = None
    language: Literal["es", "en"] = "es"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


def load_config(path: Path) -> Config:
    """Read the configuration. Raises ConfigError naming the file and the key."""
    return load_yaml(path, Config)
