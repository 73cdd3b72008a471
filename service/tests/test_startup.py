"""What a daemon warns of at its start."""

from __future__ import annotations

from datetime import date

import pytest
from whatsapp_service.settings import Settings
from whatsapp_service.startup import warn_of_version


@pytest.mark.parametrize(
    ("today", "told"),
    [
        (date(2027, 7, 10), []),
        (date(2027, 7, 11), ["Graph API version ends soon"]),
        (date(2027, 10, 9), ["Graph API version has ended"]),
    ],
)
def test_versions_that_end_are_told(
    settings: Settings, caplog: pytest.LogCaptureFixture, today: date, told: list[str]
) -> None:
    warn_of_version(settings, today)
    assert [record.getMessage() for record in caplog.records] == told


def test_unknown_version_is_not_told(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    warn_of_version(settings.model_copy(update={"whatsapp_api_version": "v99.0"}), date(2030, 1, 1))
    assert caplog.records == []
