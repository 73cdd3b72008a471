"""Collector of what the database says of the notifications."""

from whatsapp_exporter.collectors.database.collector import DatabaseCollector

__all__ = ["DatabaseCollector"]
