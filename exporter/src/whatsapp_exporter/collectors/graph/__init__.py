"""Collector of what Meta's Graph API says of number, account, templates and token."""

from whatsapp_exporter.collectors.graph.collector import GraphCollector

__all__ = ["GraphCollector"]
