"""How many messages a second the simulator itself can take: what a scheduler is measured against."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from whatsapp_stack.http_connection import build_request
from whatsapp_stack.load import closed_loop
from whatsapp_stack.stack import PHONE_NUMBER_ID, Stack, StackSettings, prepared

_MESSAGES: Final = 5_000
_CONNECTIONS: Final = 16


async def simulator_ceiling(folder: Path) -> float:
    """Messages a second, asked by the load generator alone.

    Each recipient is another one, for the simulator refuses many messages to one of them.
    """
    settings = StackSettings(schedulers=0, webhooks=False, graph=("--messages-per-second", "1000000"))
    async with prepared(settings, folder) as stack:
        await stack.graph.start()
        requests = [_message(stack, number) for number in range(_MESSAGES)]
        result = await closed_loop(stack.graph_port, requests, connections=_CONNECTIONS)
    return result.rate


def _message(stack: Stack, number: int) -> bytes:
    values = [{"type": "text", "text": value} for value in stack.fixture.variables.values()]
    body = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": f"519{number:08d}",
        "type": "template",
        "template": {
            "name": stack.fixture.template_name,
            "language": {"code": stack.fixture.template_language},
            "components": [{"type": "body", "parameters": values}],
        },
        "biz_opaque_callback_data": str(number + 1),
    }
    return build_request(
        "POST",
        f"/v23.0/{PHONE_NUMBER_ID}/messages",
        headers={"Authorization": f"Bearer {stack.access_token}"},
        body=json.dumps(body).encode(),
    )
