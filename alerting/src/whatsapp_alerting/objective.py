"""A service level objective of the catalogue: good events among all events, over a period."""

from enum import StrEnum

from pydantic import Field, model_validator

from whatsapp_alerting.alert import AlertName, CatalogModel, Channel, Inhibition, LabelName, Labels, Text
from whatsapp_alerting.duration import Duration

WINDOW = "window"
"""The placeholder of the range in an objective's expressions: `${window}`."""


class Event(StrEnum):
    """What a series of an objective's signal counts."""

    GOOD = "good"
    BAD = "bad"
    ALL = "all"
    STATE = "state"
    """A gauge that is the share of good events: 1 or 0 at each scrape."""


class Companion(CatalogModel):
    """The threshold beside burn rates that are blind to an outage; what is left out is derived."""

    error_percent: float | None = Field(default=None, gt=0, lt=100)
    window: Duration = 600
    hold: Duration = Field(default=300, alias="for")


class ObjectiveSignal(CatalogModel):
    """Series that the generated rule tests feed, and the identity labels of the result."""

    series: dict[str, Event] = Field(min_length=1)
    labels: Labels
    events_per_second: float = Field(default=10, gt=0, description="Traffic of the tests")


class Objective(CatalogModel):
    """An entry. The compiler makes recording rules, burn-rate alerts and the remaining budget of it.

    `good` and `total` count events in `${window}`, summed to `identity`, as the `increase` of counters or the
    `sum_over_time` and `count_over_time` of a gauge that is 1 when all is well.
    """

    name: AlertName
    summary: Text
    description: Text = Field(description="What the objective promises, in a sentence; static")
    good: str
    total: str
    target_percent: float = Field(gt=0, lt=100)
    period: Duration = 2_592_000
    identity: list[LabelName] = Field(min_length=1)
    page_channels: list[Channel] = Field(min_length=1)
    ticket_channels: list[Channel] = Field(min_length=1)
    page_cooldown: Duration = 1_800
    ticket_cooldown: Duration = 14_400
    minimum_failures: int = Field(
        default=5, ge=1, le=1000, description="Bad events below which no alert fires, whatever their share"
    )
    companion: Companion | None = Field(default=None, description="Derived when the target needs one")
    inhibited_by: list[Inhibition] = Field(default_factory=list)
    runbook: str = Field(pattern=r"^[A-Za-z0-9]+\.md$")
    dashboard: str | None = Field(default=None, pattern=r"^[a-z0-9-]{1,40}$")
    signal: ObjectiveSignal

    @property
    def target(self) -> float:
        """The share of good events, 0 to 1."""
        return self.target_percent / 100

    @model_validator(mode="after")
    def _placeholders(self) -> "Objective":
        for field in ("good", "total"):
            if f"${{{WINDOW}}}" not in getattr(self, field):
                raise ValueError(f"{field}: has no range ${{{WINDOW}}}")
        if self.signal.labels.keys() != set(self.identity):
            raise ValueError("signal.labels: are not those of identity")
        return self
