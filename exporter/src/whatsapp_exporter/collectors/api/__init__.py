"""Collector of the API's own figures."""

from whatsapp_exporter.collectors.api.collector import ApiCollector

__all__ = ["ApiCollector"]
