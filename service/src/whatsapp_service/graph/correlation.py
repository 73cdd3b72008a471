"""Our correlation id (`biz_opaque_callback_data`), echoed by webhooks: which send of which notification."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_FORM: Final = re.compile(r"([1-9][0-9]{0,18})(?:\.([1-9][0-9]{0,8}))?", re.ASCII)
_MAX_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Correlation:
    """The notification and the number of its send (`envio_numero`); older messages carry no number."""

    notification_id: int
    send_number: int | None

    def __str__(self) -> str:
        if self.send_number is None:
            return str(self.notification_id)
        return f"{self.notification_id}.{self.send_number}"


def parse_correlation(value: object) -> Correlation | None:
    """The correlation that Meta echoed, or None when it is none of ours."""
    match = _FORM.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match.group(1)) > _MAX_ID:
        return None
    number = match.group(2)
    return Correlation(int(match.group(1)), None if number is None else int(number))
