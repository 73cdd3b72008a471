"""Faults, with every wait a tenth: each page arrives in time, at its channels, once, and is resolved."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from lab.faults import waves
from lab.faults.waves import FAST_BURNS, Wave
from lab.layout import LAB_DIR
from lab.rehearsal import deployment
from lab.rehearsal.promises import Promises
from lab.rehearsal.run import Verdict, quiet, rehearse
from lab.running import Lab

# What an earlier wave left firing is waited for: the longest window of a page is 36 minutes, compressed.
QUIET_SECONDS = 900
RUNS = {"es": (waves.first_run(), ()), "en": (waves.second_run(), FAST_BURNS)}
CASES = [
    pytest.param(language, wave, id=f"{language}-{wave}")
    for language, (found, _) in RUNS.items()
    for wave in found
]


@pytest.fixture(scope="module")
def verdicts() -> Iterator[dict[str, list[Verdict]]]:
    """Collect what came of each run, and keep it for whoever reads it later."""
    found: dict[str, list[Verdict]] = {}
    yield found
    for language, came in found.items():
        document = [{**one.__dict__, "kept": one.kept} for one in came]
        (LAB_DIR / f"rehearsal-{language}.json").write_text(json.dumps(document, indent=2))


@pytest.fixture(scope="module")
def compressed(lab: Lab, request: pytest.FixtureRequest) -> Iterator[str]:
    """Deploy monitoring in a language with times compressed, and as it was afterwards."""
    language: str = request.param
    deployment.compress(lab, language, blind=RUNS[language][1])
    yield language
    deployment.restore()


@pytest.mark.parametrize(("compressed", "wave"), CASES, indirect=["compressed"])
def test_wave(lab: Lab, compressed: str, wave: Wave, verdicts: dict[str, list[Verdict]]) -> None:
    promises = Promises.deployed()
    assert (promises.language.value, promises.compression) == (compressed, deployment.COMPRESSION)
    quiet(lab, promises, wave.faults, QUIET_SECONDS)
    came = rehearse(lab, promises, wave.faults)
    verdicts.setdefault(compressed, []).extend(came)
    print("\n".join(["", *map(str, came)]))  # noqa: T201 - the figures are what the run is for
    assert [str(one) for one in came if not one.kept] == []
