"""The section `graph`."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from whatsapp_exporter.section import BackgroundCollectorConfig, HttpUrl

NodeId = Annotated[str, Field(pattern=r"^[0-9]{1,32}$")]


class GraphConfig(BackgroundCollectorConfig):
    """`url`: the Graph API with its version. `phone_number_id` and `account_id`: Meta's ids of the number and
    of its WhatsApp Business account. `token_file`: the file with the access token. `webhook_url`: the address
    at which the service takes Meta's webhooks (absent: not compared). `reads_per_hour`: requests an hour that
    the collector never goes over; Meta allows 200 to all readers of an account together.
    """

    url: HttpUrl
    phone_number_id: NodeId
    account_id: NodeId
    token_file: Path
    webhook_url: HttpUrl | None = None
    reads_per_hour: Annotated[int, Field(ge=6, le=200)] = 100
