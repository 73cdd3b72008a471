"""Two schedulers on one remote database; with more notifications in soak_hosts.py."""

from __future__ import annotations

from pathlib import Path

from whatsapp_stack.hosts_round import play

NOTIFICATIONS = 300


async def test_each_notification_is_sent_once(tmp_path: Path) -> None:
    result = await play(NOTIFICATIONS, tmp_path)
    assert sum(result.states.values()) == NOTIFICATIONS
    assert "DESCONOCIDA" not in result.states
    assert (result.sent_once, result.sent_more) == (NOTIFICATIONS, 0)
    assert sum(result.sends) == NOTIFICATIONS
    assert min(result.sends) > 0, f"one scheduler did everything: {result.sends}"
