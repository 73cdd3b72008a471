"""Two short rounds of killing; the long ones are soak_kills.py's."""

from __future__ import annotations

from pathlib import Path

import pytest
from whatsapp_stack.kill_round import RoundPlan, play


@pytest.mark.parametrize("seed", [2, 4])
async def test_nothing_is_lost_and_nothing_sent_twice_in_silence(seed: int, tmp_path: Path) -> None:
    plan = RoundPlan(seed=seed, notifications=200, kills_each=1, settle_seconds=60)
    result = await play(plan, tmp_path)
    assert result.violations == (), str(result)
    assert result.kills >= 3
    assert result.own_events > 0
    assert sum(result.states.values()) == 200
