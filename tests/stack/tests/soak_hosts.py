"""Two schedulers on one remote database, for longer (scripts/soak kills)."""

from __future__ import annotations

from pathlib import Path

from whatsapp_stack.hosts_round import play

NOTIFICATIONS = 2_000


async def test_each_of_two_thousand_is_sent_once(tmp_path: Path) -> None:
    result = await play(NOTIFICATIONS, tmp_path)
    assert sum(result.states.values()) == NOTIFICATIONS
    assert "DESCONOCIDA" not in result.states
    assert (result.sent_once, result.sent_more) == (NOTIFICATIONS, 0)
    assert min(result.sends) > NOTIFICATIONS / 10, f"one scheduler did nearly everything: {result.sends}"
