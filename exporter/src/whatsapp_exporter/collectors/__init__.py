"""The collectors, one folder each. A new one is a folder here, a section in `config` and a line below."""

from whatsapp_exporter.collectors.database import DatabaseCollector
from whatsapp_exporter.collectors.health import HealthCollector
from whatsapp_exporter.config import CollectorsConfig
from whatsapp_exporter.scrape import CollectorSchedule

__all__ = ["create_schedules"]


def create_schedules(config: CollectorsConfig) -> list[CollectorSchedule]:
    """Return the configured collectors with their limits. Raises ConfigError for a token file that fails."""
    schedules = []
    if config.health is not None:
        health = HealthCollector(config.health.url, timeout=config.health.timeout)
        schedules.append(CollectorSchedule(health, config.health.timeout, config.health.min_interval))
    if config.database is not None:
        database = DatabaseCollector(config.database.url, auth_token=config.database.read_auth_token())
        schedules.append(CollectorSchedule(database, config.database.timeout, config.database.min_interval))
    return schedules
