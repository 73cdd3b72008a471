"""What the alerts of the running lab promise, from the catalogue and what the lab changes in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from whatsapp_alerting.alert import Channel, Language
from whatsapp_alerting.burn_rates import WORKBOOK
from whatsapp_alerting.compilation import Sources, read_installation
from whatsapp_alerting.resolution import Installation

from lab.layout import ROOT
from lab.rehearsal.fault import Page

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

    def limit(self, page: Page) -> float:
        """Return the seconds from a fault to its page: the promise, with what is not compressed in it."""
        uncompressed = page.source_seconds * (1 - 1 / self.compression)
        return self.of(page.alert).within + uncompressed + self._slower(page)

    def _slower(self, page: Page) -> float:
        """Return by how much an objective notices a share of bad events later than only bad ones."""
        if page.share == 1:
            return 0
        for area in self.installation.areas:
            for objective in area.objectives:
                for burning in objective.alerts:
                    if burning.alert.name == page.alert:
                        target, period = objective.rules.objective.target, objective.rules.objective.period
                        window = next(one for one in WORKBOOK if one.long == burning.long)
                        slower = window.detection(target, period, page.share)
                        return (slower - window.detection(target, period)) / self.compression
        raise KeyError(f"{page.alert} is not of an objective")
