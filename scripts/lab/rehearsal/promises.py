"""What the alerts of the running lab promise, from the catalogue and what the lab changes in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from whatsapp_alerting.alert import Channel, Language
from whatsapp_alerting.compilation import Sources, read_installation
from whatsapp_alerting.resolution import Installation

from lab.layout import ROOT

OVERRIDES = ROOT / "build/alerting/lab/overrides.yml"
"""Written by the deployment (playbooks/alerting.yml): what is deployed now."""


@dataclass(frozen=True)
class Promise:
    """One alert as it is deployed; durations in seconds of the clock on the wall."""

    alert: str
    summary: str
    channels: tuple[Channel, ...]
    within: float
    """From the fault to the first notification."""
    cooldown: float
    """Shortest time between two notifications; a resolved notice waits for its end."""
    keeps_firing: float


@dataclass(frozen=True)
class Promises:
    """Those of every alert, and the language and compression of the installation."""

    installation: Installation

    @classmethod
    def deployed(cls) -> Promises:
        """Read those of the running lab."""
        return cls(read_installation(replace(Sources.in_repository(), overrides=OVERRIDES)))

    @property
    def language(self) -> Language:
        """The language of the messages."""
        return self.installation.language

    @property
    def compression(self) -> int:
        """By what the waits are divided."""
        return self.installation.overrides.time_compression

    def of(self, alert: str) -> Promise:
        """Return the promise of one alert. Raises `KeyError` when there is none of that name."""
        resolved = self.installation.alert(alert)
        return Promise(
            alert=alert,
            summary=resolved.entry.summary.in_language(self.language),
            channels=resolved.channels,
            within=resolved.detect_within / self.compression,
            cooldown=resolved.cooldown / self.compression,
            keeps_firing=(resolved.entry.keep_firing_for or 0) / self.compression,
        )

    def critical(self) -> list[str]:
        """Return the names of the alerts that page."""
        return [one.name for one in self.installation.alerts if one.entry.severity.value == "critical"]
