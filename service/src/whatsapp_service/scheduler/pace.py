"""The pace of sending, kept in the database so that all processes on all hosts share it.

Both limits are the generic cell rate algorithm: a row holds the moment from which the next message may leave,
and each message moves it on by one interval. Sources: WHATSAPP_RATE_LIMIT_PER_MINUTE (the manual), messages a
second of a number and pair rate limit (Meta: "Throughput", "Pair rate limits").
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from libsql_client import Client, InStatement
from whatsapp_database import rows

RECIPIENT_INTERVAL: Final = 6.0
"""Meta: one message every 6 seconds to the same recipient."""
RECIPIENT_TOLERANCE: Final = 39 * RECIPIENT_INTERVAL
"""Meta lets 45 through at once, to be made up for afterwards; 40 leave a margin for clocks that differ."""

_CLOCK_FAULT: Final = 86_400.0
"""A moment a day ahead was written by a host whose clock was wrong; waiting for it would stop everything."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Moments at which messages may leave, as Unix seconds: the first, and the interval to the next."""

    first: float
    interval: float

    def moment(self, index: int) -> float:
        """When the message of this index (0, 1, ...) may leave."""
        return self.first + index * self.interval


def interval_seconds(per_minute: int, per_second: int) -> float:
    """Seconds between two messages so that neither limit is passed in any minute or second."""
    return max(60 / per_minute, 1 / per_second)


async def take_slots(
    client: Client, count: int, *, interval: float, now: datetime, patience: timedelta
) -> Slots | None:
    """Reserve the next `count` moments; None when the next free one is further away than `patience`."""
    moment = now.timestamp()
    taken = await client.execute(
        """UPDATE whatsapp_ritmo_envio SET libre_desde = :length +
            CASE WHEN libre_desde > :absurd THEN :moment ELSE max(libre_desde, :moment) END
        WHERE id = 1 AND (libre_desde <= :latest OR libre_desde > :absurd) RETURNING libre_desde""",
        {
            "moment": moment,
            "length": count * interval,
            "latest": moment + patience.total_seconds(),
            "absurd": moment + _CLOCK_FAULT,
        },
    )
    if not taken.rows:
        return None
    return Slots(rows.real(taken[0], "libre_desde") - count * interval, interval)


def pace_recipient(phone: str, moment: float, *, if_begun: int, owner: str) -> InStatement:
    """Count one message to the recipient when the send of this notification was begun in the same batch."""
    return (
        """INSERT INTO whatsapp_ritmo_destinatarios (telefono, libre_desde)
        SELECT :phone, :moment + :interval WHERE EXISTS (SELECT 1 FROM whatsapp_notificaciones
            WHERE id = :id AND reservada_por = :owner AND envio_iniciado_at IS NOT NULL)
        ON CONFLICT (telefono) DO UPDATE SET libre_desde = max(libre_desde, :moment) + :interval""",
        {
            "phone": phone,
            "moment": moment,
            "interval": RECIPIENT_INTERVAL,
            "id": if_begun,
            "owner": owner,
        },
    )


async def hold_recipient(client: Client, phone: str, until: datetime) -> None:
    """Send nothing to this recipient before `until`: Meta refused it for its rate."""
    await client.execute(
        """INSERT INTO whatsapp_ritmo_destinatarios (telefono, libre_desde) VALUES (?, ?)
        ON CONFLICT (telefono) DO UPDATE SET libre_desde = max(libre_desde, excluded.libre_desde)""",
        (phone, until.timestamp() + RECIPIENT_TOLERANCE),
    )


async def forget_recipients(client: Client, now: datetime) -> None:
    """Delete the recipients to whom anything may be sent again: their numbers are personal data."""
    await client.execute(
        "DELETE FROM whatsapp_ritmo_destinatarios WHERE libre_desde <= ? OR libre_desde > ?",
        (now.timestamp(), now.timestamp() + _CLOCK_FAULT),
    )
