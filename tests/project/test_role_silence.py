"""What the role silence silences by default are alerts of the catalogue, of a service that is stopped."""

from __future__ import annotations

from pathlib import Path

import yaml
from whatsapp_alerting.compilation import Sources, read_installation

ROOT = Path(__file__).resolve().parents[2]


def test_silenced_alerts_are_in_the_catalogue_and_tell_their_host() -> None:
    defaults = yaml.safe_load((ROOT / "roles/silence/defaults/main.yml").read_text(encoding="utf-8"))
    installation = read_installation(Sources.in_repository())
    identities = {alert.name: alert.entry.identity for alert in installation.alerts}

    without_host = [name for name in defaults["silence_alerts"] if "host" not in identities.get(name, [])]

    assert without_host == []
