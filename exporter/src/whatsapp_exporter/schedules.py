"""From sections of the configuration to collectors with their limits."""

from whatsapp_exporter.collector import CollectorSurroundings
from whatsapp_exporter.collectors.api import ApiCollector
from whatsapp_exporter.collectors.database import DatabaseCollector
from whatsapp_exporter.collectors.graph import GraphCollector
from whatsapp_exporter.collectors.health import HealthCollector
from whatsapp_exporter.config import CollectorsConfig
from whatsapp_exporter.scheduled_collector import CollectorSchedule


def create_schedules(
    config: CollectorsConfig, surroundings: CollectorSurroundings
) -> list[CollectorSchedule]:
    """Return the configured collectors. A new one is a folder in `collectors`, a section and a line here."""
    schedules = []
    if config.health is not None:
        health = config.health
        collector = HealthCollector(health, surroundings)
        schedules.append(CollectorSchedule(collector, health.timeout, health.min_interval, key=health))
    if config.api is not None:
        api = config.api
        schedules.append(
            CollectorSchedule(ApiCollector(api, surroundings), api.timeout, api.min_interval, key=api)
        )
    if config.database is not None:
        database = config.database
        schedules.append(
            CollectorSchedule(
                DatabaseCollector(database, surroundings),
                database.timeout,
                database.min_interval,
                key=database,
            )
        )
    if config.graph is not None:
        graph = config.graph
        schedules.append(
            CollectorSchedule(
                GraphCollector(graph, surroundings),
                graph.timeout,
                interval=graph.interval,
                keep_for=graph.keep_for,
                key=graph,
            )
        )
    return schedules
