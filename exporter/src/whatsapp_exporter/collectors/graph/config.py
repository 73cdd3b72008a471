"""The section `graph`."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from whatsapp_exporter.section import BackgroundCollectorConfig, HttpUrl

MAX_TEMPLATE_PAGES = 3
READS_OF_A_RUN = 4 + MAX_TEMPLATE_PAGES
"""At most: token, number, account, subscriptions, pages of templates."""
HOUR = 3600.0

NodeId = Annotated[str, Field(pattern=r"^[0-9]{1,32}$")]


class GraphConfig(BackgroundCollectorConfig):
    """`url`: the Graph API with its version. `phone_number_id` and `account_id`: Meta's ids of the number and
    of its WhatsApp Business account. `token_file`: the file with the access token. `webhook_url`: the address
    at which the service takes Meta's webhooks (absent: not compared). `reads_per_hour`: requests an hour that
    the collector never goes over; Meta allows 200 to all readers of an account together. An interval that
    could use up more is refused.
    """

    url: HttpUrl
    phone_number_id: NodeId
    account_id: NodeId
    token_file: Path
    webhook_url: HttpUrl | None = None
    reads_per_hour: Annotated[int, Field(ge=6, le=200)] = 100

    @model_validator(mode="after")
    def _interval_fits(self) -> "GraphConfig":
        # As many runs can begin within an hour, both ends included.
        runs = int(HOUR // self.interval) + 1
        needed = runs * READS_OF_A_RUN
        if needed > self.reads_per_hour:
            raise ValueError(
                f"an interval of {self.interval:g} s can take {needed} reads an hour, more than"
                f" reads_per_hour ({self.reads_per_hour})"
            )
        return self
