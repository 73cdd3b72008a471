"""What the handlers of one API process share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from libsql_client import Client
from starlette.requests import Request

from whatsapp_service.api.authentication import Authenticator
from whatsapp_service.api.metrics import ApiMetrics
from whatsapp_service.api.response_time import ResponseTime
from whatsapp_service.cache import Cache
from whatsapp_service.clock import Clock
from whatsapp_service.figures import Figures, read_figures
from whatsapp_service.graph.versions import days_left
from whatsapp_service.settings import Settings
from whatsapp_service.webhooks.worker import WebhookWorker


@dataclass(frozen=True, slots=True)
class ApiContext:
    """Settings, connections and measurements; made once in the application's lifespan."""

    settings: Settings
    database: Client
    cache: Cache
    clock: Clock
    metrics: ApiMetrics
    response_time: ResponseTime
    authenticator: Authenticator
    webhook_worker: WebhookWorker
    started_at: datetime

    async def figures(self) -> Figures:
        """The figures now."""
        return await read_figures(self.database, now=self.clock(), operators_zone=self.settings.timezone)

    def response_time_ms(self) -> float:
        """Mean response time over about the last five minutes."""
        return self.response_time.observe(self.clock(), self.metrics.response_time_totals())

    def version_days_left(self) -> int | None:
        """Days until Meta ends the Graph API's version that is set; None when its end is not known."""
        return days_left(self.settings.whatsapp_api_version, self.clock().date())


def context_of(request: Request) -> ApiContext:
    """The context of the application that got the request."""
    found = request.app.state.context
    if not isinstance(found, ApiContext):
        raise TypeError("the application has not started")
    return found
