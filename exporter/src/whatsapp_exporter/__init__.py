"""Prometheus exporter of the WhatsApp notification service."""

from importlib.metadata import version

__version__ = version("whatsapp-exporter")

__all__ = ["__version__"]
