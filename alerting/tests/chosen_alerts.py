"""An installation with some of its alerts only, compiled into one area."""

import dataclasses

from whatsapp_alerting.resolution import Installation, ResolvedArea

AREA = "chosen"
RULES = f"rules/{AREA}.rules.yml"
RULE_TESTS = f"tests/rules/{AREA}.test.yml"


def only(installation: Installation, *names: str) -> Installation:
    """Return the installation with these written alerts."""
    area = ResolvedArea(AREA, tuple(installation.alert(name) for name in names), ())
    return dataclasses.replace(installation, areas=(area,))
