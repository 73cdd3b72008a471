"""Which faults are caused together: those that neither hide nor cause each other's pages."""

from __future__ import annotations

from dataclasses import dataclass

from lab.faults import disk, graph, monitoring, queue, service
from lab.faults.load import creating, under_load, webhook
from lab.rehearsal.fault import Fault, Page

FAST_BURNS = (
    "ApiAvailabilityBurn1h",
    "ApiLatencyBurn1h",
    "DeliveryRateBurn1h",
    "SchedulerUptimeBurn1h",
    "WebhookProcessingBurn1h",
)
"""While one of these fires, the same objective's slower page is not sent."""
SLOW_BURNS = tuple(name.replace("Burn1h", "Burn6h") for name in FAST_BURNS)


@dataclass(frozen=True)
class Wave:
    """Faults that are there at the same time."""

    name: str
    faults: tuple[Fault, ...]

    def alerts(self) -> list[str]:
        """Return the alerts that must be notified."""
        return [page.alert for fault in self.faults for page in fault.pages]

    def __str__(self) -> str:
        return self.name


def first_run() -> list[Wave]:
    """Every critical alert but the slow pages of objectives, and what else the manual's tables name."""
    return [
        _side_by_side(),
        Wave(
            "cache, queue, damage",
            (service.redis_stopped(), queue.queue_filled(), service.database_damaged()),
        ),
        Wave("API stopped", (service.api_stopped(),)),
        Wave("scheduler stopped", (service.scheduler_stopped(),)),
        Wave("Graph API down", (graph.api_down(),)),
        Wave("held by Meta", (graph.throttled(),)),
        Wave("token revoked", (graph.token_revoked(),)),
        Wave("number restricted", (graph.number_restricted(),)),
        Wave("webhooks dropped", (graph.webhooks_dropped(), monitoring.slack_refuses())),
        Wave("webhooks signed wrongly", (graph.signature_wrong(), service.version_ends())),
        Wave("sends hang", (graph.sends_hang(),)),
        *_objectives(FAST_BURNS, ("DeliveryRateBelowTarget", "DeliveryRateBurn1h")),
    ]


def second_run() -> list[Wave]:
    """The pages of the objectives' slow windows, and one wave of the first run in the other language."""
    return [_side_by_side(), *_objectives(SLOW_BURNS, ("DeliveryRateBurn6h",))]


def _side_by_side() -> Wave:
    """What disturbs nothing else."""
    return Wave(
        "side by side",
        (
            service.backup_fails(),
            service.certificate_expires(),
            service.exporter_stopped(),
            graph.token_expires(),
            graph.template_paused(),
            graph.webhook_elsewhere(),
            graph.account_blocked(),
            monitoring.configuration_corrupt(),
            disk.disk_full(),
        ),
    )


def _objectives(burns: tuple[str, ...], delivery: tuple[str, ...]) -> list[Wave]:
    availability, latency, _, uptime, webhooks = burns
    # Writes wait 9.5 s of every 10: nearly all requests are late, and half of the webhooks over 5 s.
    held = service.database_held(Page(latency, share=0.6), Page(webhooks, source_seconds=10, share=0.45))
    return [
        Wave(
            "requests fail", (under_load(service.inserts_refused(Page(availability, share=0.5)), creating),)
        ),
        Wave("requests are slow", (under_load(held, creating, webhook),)),
        Wave("scheduler flaps", (service.scheduler_flaps(uptime),)),
        Wave("messages fail", (graph.sends_refused(*delivery),)),
    ]
