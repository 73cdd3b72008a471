"""Faults, with every wait a tenth: each page arrives in time, at its channels, once, and is resolved."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

import pytest
from lab.faults import waves
from lab.faults.waves import FAST_BURNS, Wave
from lab.layout import LAB_DIR, host
from lab.rehearsal import deployment
from lab.rehearsal.promises import Promises
from lab.rehearsal.run import Verdict, quiet, rehearse
from lab.running import Lab, wait_for

# What an earlier wave left firing is waited for: the longest window of a page is 36 minutes, compressed.
QUIET_SECONDS = 900
# The heartbeat receiver's patience (alerting/README.md), and Alertmanager's with a Prometheus that is silent.
GRACE_SECONDS = 300
FORGOTTEN_SECONDS = 300
RUNS = {"es": (waves.first_run(), ()), "en": (waves.second_run(), FAST_BURNS)}
CASES = [
    pytest.param(language, wave, id=f"{language}-{wave}")
    for language, (found, _) in RUNS.items()
    for wave in found
]


@dataclass
class Rehearsal:
    """The lab with times compressed, in one language after the other, and what came of its waves."""

    language: str | None = None
    verdicts: dict[str, list[Verdict]] = field(default_factory=dict)

    def speak(self, language: str) -> None:
        """Deploy monitoring in that language, unless it is so already."""
        if self.language != language:
            deployment.compress(language, blind=RUNS[language][1])
            self.language = language

    def keep(self) -> None:
        """Write down what came of each run, for whoever reads it later."""
        for language, came in self.verdicts.items():
            document = [{**asdict(one), "kept": one.kept} for one in came]
            (LAB_DIR / f"rehearsal-{language}.json").write_text(json.dumps(document, indent=2))


@pytest.fixture(scope="module")
def rehearsal() -> Iterator[Rehearsal]:
    """Return the compressed lab; afterwards it is as it was."""
    compressed = Rehearsal()
    yield compressed
    compressed.keep()
    deployment.restore()


@pytest.mark.parametrize(("language", "wave"), CASES)
def test_wave(lab: Lab, rehearsal: Rehearsal, language: str, wave: Wave) -> None:
    rehearsal.speak(language)
    promises = Promises.deployed()
    assert (promises.language.value, promises.compression) == (language, deployment.COMPRESSION)
    quiet(lab, promises, wave.faults, QUIET_SECONDS)
    came = rehearse(lab, promises, wave.faults)
    rehearsal.verdicts.setdefault(language, []).extend(came)
    print("\n".join(["", *map(str, came)]))  # noqa: T201 - the figures are what the run is for
    assert [str(one) for one in came if not one.kept] == []


@pytest.mark.parametrize("unit", ["prometheus", "prometheus-alertmanager"])
def test_heartbeat_receiver_alarms_when_monitoring_stops(lab: Lab, rehearsal: Rehearsal, unit: str) -> None:
    rehearsal.speak("en")
    inbox = host("world").url(8446, "/_lab/heartbeat")
    grace = GRACE_SECONDS / deployment.COMPRESSION
    lab.session.client.post(inbox, json={"grace_seconds": grace}).raise_for_status()
    before = len(lab.session.get(inbox)["alarms"])
    try:
        lab.shell("mon1", f"systemctl stop {unit}")
        stopped = dt.datetime.now(dt.UTC)
        # Alertmanager goes on with an alert that it hears no more of until its end is over: four evaluations.
        alarm = wait_for(
            "the alarm",
            grace + FORGOTTEN_SECONDS,
            lambda: next(iter(lab.session.get(inbox)["alarms"][before:]), None),
        )
        waited = dt.datetime.fromisoformat(alarm["raised_at"]) - stopped
        assert dt.timedelta(0) < waited < dt.timedelta(seconds=grace + FORGOTTEN_SECONDS)
    finally:
        lab.shell("mon1", f"systemctl start {unit}")
        lab.session.client.post(inbox, json={"grace_seconds": GRACE_SECONDS}).raise_for_status()
    wait_for("the alarm's end", 120, lambda: lab.session.get(inbox)["alarms"][before]["ended_at"], every=1)
