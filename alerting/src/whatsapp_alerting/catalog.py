"""The alert catalogue: what one entry of `catalog.yml` holds.

The values come from the operations manual ("Sistema de Alertas", "Monitoring Avanzado con Prometheus").
"""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from whatsapp_alerting.duration import Duration


class Severity(StrEnum):
    """How soon somebody has to act."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Channel(StrEnum):
    """Where a notification goes. The order is the order of the routes."""

    SLACK = "slack"
    EMAIL = "email"
    SMS = "sms"
    HEARTBEAT = "heartbeat"


class Language(StrEnum):
    """Languages that operators read."""

    ES = "es"
    EN = "en"


AlertName = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]{2,60}$")]
LabelName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,40}$")]
ThresholdName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,60}$")]
Labels = dict[LabelName, str]
SeriesValues = dict[str, str]
"""Series selector with all its labels -> its value, as a sum of numbers and `${threshold}`."""


class CatalogModel(BaseModel):
    """Unknown fields are errors: a misspelt field would otherwise be silently without effect."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(CatalogModel):
    """The same text in each language."""

    es: str = Field(min_length=3, max_length=1000)
    en: str = Field(min_length=3, max_length=1000)

    def in_language(self, language: Language) -> str:
        """Return the text in `language`."""
        return self.es if language is Language.ES else self.en


class Timing(CatalogModel):
    """The clock that the promises are computed with."""

    scrape_interval: Duration = Field(description="The slowest scrape of a job that the conditions read")
    evaluation_interval: Duration
    group_wait: Duration = Field(
        description="Longer than an evaluation, so that inhibiting alerts arrive first"
    )


class Inhibition(CatalogModel):
    """While `alert` fires, the entry that holds this is not notified, where the `equal` labels agree."""

    alert: AlertName
    equal: list[LabelName] = Field(min_length=1)
    source_labels: Labels = Field(default_factory=dict, description="Narrows the inhibiting alert")
    target_labels: Labels = Field(default_factory=dict, description="Narrows the inhibited alert")


class Fault(CatalogModel):
    """A state of the world in which the alert must fire, with the identity labels that it then has."""

    name: str = Field(min_length=3, max_length=80)
    labels: Labels
    series: SeriesValues = Field(description="Replaces the healthy value of the same series")


class Signal(CatalogModel):
    """Series that the generated rule tests feed."""

    healthy: SeriesValues
    boundary: list[SeriesValues] = Field(
        default_factory=list, description="Just not a fault; replaces healthy values"
    )
    faults: list[Fault] = Field(min_length=1)


class Alert(CatalogModel):
    """One entry of the catalogue."""

    name: AlertName
    summary: Text = Field(description="Static: equal for every instance of the alert")
    description: Text = Field(description="Prometheus template; may use $value and the identity labels")
    value: str = Field(description="Prometheus template that writes the measured value with its unit")
    condition: str = Field(description="PromQL; thresholds as ${name}")
    thresholds: dict[ThresholdName, float] = Field(default_factory=dict)
    hold: Duration = Field(alias="for", description="How long the condition must be true")
    keep_firing_for: Duration | None = None
    severity: Severity
    cooldown: Duration = Field(description="Shortest time between two notifications of the same alert")
    channels: list[Channel] = Field(min_length=1)
    identity: list[LabelName] = Field(description="Labels that the condition's result has")
    inhibited_by: list[Inhibition] = Field(default_factory=list)
    detect_within: Duration = Field(description="From the fault to the first notification, at most")
    runbook: str = Field(pattern=r"^[A-Za-z0-9]+\.md$")
    dashboard: str | None = Field(
        default=None, pattern=r"^[a-z0-9-]{1,40}$", description="Grafana dashboard uid"
    )
    signal: Signal

    @field_validator("channels")
    @classmethod
    def _ordered(cls, channels: list[Channel]) -> list[Channel]:
        if len(set(channels)) != len(channels):
            raise ValueError("names a channel twice")
        return sorted(channels, key=list(Channel).index)


class Catalog(CatalogModel):
    """The whole file."""

    timing: Timing
    alerts: list[Alert] = Field(min_length=1, max_length=500)

    @model_validator(mode="after")
    def _unique(self) -> "Catalog":
        names = [alert.name for alert in self.alerts]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"defined more than once: {', '.join(repeated)}")
        return self
