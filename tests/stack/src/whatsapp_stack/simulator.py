"""What the Graph API's simulator tells about itself (tests/world/README.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from whatsapp_stack.errors import StackError
from whatsapp_stack.http_client import HttpClient

_REMEMBERED: Final = 5_000


@dataclass(frozen=True, slots=True)
class AcceptedMessage:
    """A message that the simulator took, and the statuses of it that the webhook's receiver took."""

    id: str
    notification_id: int
    statuses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SimulatorState:
    """Counts since the simulator's start; `refused` by Meta's code."""

    accepted: int
    refused: dict[str, int]
    webhooks_pending: int


async def accepted_messages(client: HttpClient) -> list[AcceptedMessage]:
    """All messages that were accepted; raises StackError when there are more than the simulator remembers."""
    page = await client.get_json(f"/_lab/messages?limit={_REMEMBERED}")
    if page["total"] > len(page["items"]):
        raise StackError(
            f"the simulator accepted {page['total']} messages and remembers {len(page['items'])}"
        )
    return [
        AcceptedMessage(
            item["id"], _notification_id(item["biz_opaque_callback_data"]), tuple(item["statuses"])
        )
        for item in page["items"]
    ]


async def simulator_state(client: HttpClient) -> SimulatorState:
    """The counts now."""
    state = await client.get_json("/_lab/state")
    return SimulatorState(state["accepted"], state["refused"], state["webhooks"].get("pending", 0))


def _notification_id(callback_data: str) -> int:
    """The service's correlation id: the notification's, alone or with a dot and the number of its send."""
    return int(callback_data.partition(".")[0])
