"""Units stop: the pages arrive, once a channel, in real time; they start: the resolved notices follow."""

from __future__ import annotations

import pytest
from lab.faults import service
from lab.rehearsal.fault import Fault
from lab.rehearsal.promises import Promises
from lab.rehearsal.run import quiet, rehearse
from lab.running import Lab

QUIET_SECONDS = 400


@pytest.mark.parametrize("fault", [service.api_stopped(), service.scheduler_stopped()], ids=str)
def test_stopped_unit_pages_and_resolves(lab: Lab, fault: Fault) -> None:
    promises = Promises.deployed()
    assert promises.compression == 1
    quiet(lab, promises, [fault], QUIET_SECONDS)
    (verdict,) = rehearse(lab, promises, [fault])
    assert verdict.kept, str(verdict)
    held = promises.installation.alert(verdict.alert).hold
    assert verdict.after is not None
    assert verdict.after > held, f"the {held} s of the manual were not waited for: {verdict}"
    assert lab.session.query(f'ALERTS{{alertname="{verdict.alert}",alertstate="firing"}}') == []
