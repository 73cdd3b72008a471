"""One alert of the catalogue."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

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


class Kind(StrEnum):
    """What makes an alert fire; decides which proofs the compiler generates (see proofs)."""

    THRESHOLD = "threshold"
    """A number goes over or under a named threshold."""
    STATE = "state"
    """Something is in a state: 0 or 1."""
    ABSENCE = "absence"
    """Something that should be there is not."""
    ALWAYS = "always"
    """It always fires, so that its own absence is noticed."""


AlertName = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]{2,60}$")]
LabelName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,40}$")]
ThresholdName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,60}$")]
Labels = dict[LabelName, str]
SeriesValues = dict[str, str]
"""Series selector with all its labels -> its level (see samples)."""


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
    source_interval: Duration | None = Field(
        default=None, description="Of the source that shows this fault, where it is not the entry's"
    )


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
    kind: Kind = Kind.THRESHOLD
    escalate_after: Duration | None = Field(
        default=None, description="Firing for so long, it also goes to the escalation contacts"
    )
    escalate_to: list[Channel] = Field(
        default_factory=list, description="Channels of the escalation contacts that hear of it"
    )
    may_wait: bool = Field(
        default=False, description="Not notified outside of business hours, where an installation has them"
    )
    source_interval: Duration = Field(
        default=0, description="How long the source itself takes to learn of a change, besides the scrape"
    )
    identity: list[LabelName] = Field(description="Labels that the condition's result has")
    inhibited_by: list[Inhibition] = Field(default_factory=list)
    detect_within: Duration = Field(description="From the fault to the first notification, at most")
    runbook: str = Field(pattern=r"^[A-Za-z0-9]+\.md$")
    dashboard: str | None = Field(
        default=None, pattern=r"^[a-z0-9-]{1,40}$", description="Grafana dashboard uid"
    )
    signal: Signal

    @field_validator("channels", "escalate_to")
    @classmethod
    def _ordered(cls, channels: list[Channel]) -> list[Channel]:
        if len(set(channels)) != len(channels):
            raise ValueError("names a channel twice")
        return sorted(channels, key=list(Channel).index)
