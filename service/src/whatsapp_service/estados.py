"""The states of a notification (`estado`) and how Meta's statuses may move it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Estado(StrEnum):
    """States as they are stored; DESCONOCIDA is a send whose answer never came."""

    PENDIENTE = "PENDIENTE"
    ENVIADA = "ENVIADA"
    ENTREGADA = "ENTREGADA"
    LEIDA = "LEIDA"
    ERROR = "ERROR"
    CANCELADA = "CANCELADA"
    DESCONOCIDA = "DESCONOCIDA"


STATUS_TARGET: Final = {
    "sent": Estado.ENVIADA,
    "delivered": Estado.ENTREGADA,
    "read": Estado.LEIDA,
    "played": Estado.LEIDA,
    "failed": Estado.ERROR,
}
"""Meta's status in a webhook and the state that it asks for."""

_UNANSWERED: Final = (Estado.PENDIENTE, Estado.DESCONOCIDA)

REACHABLE_FROM: Final = {
    Estado.ENVIADA: _UNANSWERED,
    Estado.ENTREGADA: (*_UNANSWERED, Estado.ENVIADA),
    Estado.ERROR: (*_UNANSWERED, Estado.ENVIADA, Estado.ENTREGADA),
    Estado.LEIDA: (*_UNANSWERED, Estado.ENVIADA, Estado.ENTREGADA, Estado.ERROR),
}
"""Webhooks come late, twice and out of order, so a state only moves forward in one order of rank, whatever
comes first: sent, delivered, failed, read. A failure is not undone by a late `delivered` (people have to look
at it); somebody who read the message did get it."""
