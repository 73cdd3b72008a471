"""The running lab (scripts/up), as the whole-system tests see it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from lab.probes import Session
from lab.running import Lab


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Return the running lab; without one these tests cannot say anything."""
    session = Session.open()
    with session.client:
        yield Lab(session)


@pytest.fixture
def started() -> dt.datetime:
    """Return the moment at which the test began, to tell its messages from older ones."""
    return dt.datetime.now(dt.UTC)
