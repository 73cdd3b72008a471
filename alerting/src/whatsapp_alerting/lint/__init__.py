"""Faults of a catalogue or overrides file that its form alone does not show."""

from whatsapp_alerting.lint.catalog import check_catalog
from whatsapp_alerting.lint.overrides import check_overrides
from whatsapp_alerting.lint.surroundings import Surroundings

__all__ = ["Surroundings", "check_catalog", "check_overrides"]
