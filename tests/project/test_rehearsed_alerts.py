"""Every alert that pages has a fault on the lab, so that its page is seen to arrive."""

from __future__ import annotations

from collections import Counter

from lab.faults.waves import SLOW_BURNS, first_run, second_run
from whatsapp_alerting.alert import Severity
from whatsapp_alerting.compilation import Sources, read_installation

LEAST_ALERTS = 20


def test_every_critical_alert_is_rehearsed() -> None:
    installation = read_installation(Sources.in_repository())
    critical = {one.name for one in installation.alerts if one.entry.severity is Severity.CRITICAL}
    rehearsed = {name for wave in (*first_run(), *second_run()) for name in wave.alerts()}
    assert critical - rehearsed == set()
    assert rehearsed <= {one.name for one in installation.alerts}
    assert len(rehearsed) >= LEAST_ALERTS


def test_no_alert_is_hidden_by_one_of_its_own_wave() -> None:
    installation = read_installation(Sources.in_repository())
    for wave in (*first_run(), *second_run()):
        names = wave.alerts()
        assert [name for name, count in Counter(names).items() if count > 1] == [], wave.name
        for name in names:
            # Those that hide it whatever its labels are.
            inhibitions = installation.alert(name).entry.inhibited_by
            hiding = {one.alert for one in inhibitions if not one.target_labels and not one.source_labels}
            assert hiding & set(names) == set(), f"{wave.name}: {name}"


def test_slow_pages_are_those_of_the_second_run() -> None:
    assert set(SLOW_BURNS) <= {name for wave in second_run() for name in wave.alerts()}
