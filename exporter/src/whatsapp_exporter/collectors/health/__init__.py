"""Collector of the API's health document."""

from whatsapp_exporter.collectors.health.collector import HealthCollector

__all__ = ["HealthCollector"]
