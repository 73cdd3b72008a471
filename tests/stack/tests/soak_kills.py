"""Many long rounds of killing (scripts/soak kills); each has a seed of its own, which makes it repeatable."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest
from whatsapp_stack.kill_round import RoundPlan, play

ROUNDS = int(os.environ.get("SOAK_ROUNDS", "50"))
FIRST_SEED = int(os.environ.get("SOAK_SEED", secrets.randbelow(1_000_000)))


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + ROUNDS))
async def test_round(seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = await play(RoundPlan(seed=seed), tmp_path)
    with capsys.disabled():
        print(f"\n{result}", flush=True)  # noqa: T201 - what a long run is watched by
    assert result.violations == (), str(result)
