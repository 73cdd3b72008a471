"""The overrides file: what one installation changes or adds (written by the Ansible role)."""

from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, field_validator, model_validator

from whatsapp_alerting.alert import AlertName, CatalogModel, Channel, Language, ThresholdName
from whatsapp_alerting.compression import LARGEST
from whatsapp_alerting.duration import Duration

Url = Annotated[str, Field(pattern=r"^https?://[^\s\"'{}]+$", max_length=500)]


def _absolute(path: str) -> str:
    if not PurePosixPath(path).is_absolute():
        raise ValueError("must be an absolute path on the Alertmanager's host")
    return path


PhoneNumber = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$", description="E.164")]
ESCALATION_CHANNELS = (Channel.SLACK, Channel.EMAIL, Channel.SMS)
SecretFile = Annotated[str, Field(max_length=500), AfterValidator(_absolute)]
"""Path of a file on the Alertmanager's host; the compiled configuration holds no secret itself."""


class SlackReceiver(CatalogModel):
    """Slack incoming webhook."""

    api_url_file: SecretFile
    channel: str | None = Field(default=None, pattern=r"^[#@][^\s]{1,80}$")


class EmailReceiver(CatalogModel):
    """SMTP server and addresses."""

    to: list[str] = Field(min_length=1)
    sender: str = Field(alias="from")
    smarthost: str = Field(pattern=r"^[^\s:]+:[0-9]{1,5}$", description="host:port")
    hello: str | None = None
    auth_username: str | None = None
    auth_password_file: SecretFile | None = None
    require_tls: bool = True

    @field_validator("to", mode="before")
    @classmethod
    def _one_or_many(cls, to: object) -> object:
        return [to] if isinstance(to, str) else to

    @model_validator(mode="after")
    def _whole_credentials(self) -> "EmailReceiver":
        if (self.auth_username is None) != (self.auth_password_file is None):
            raise ValueError("auth_username and auth_password_file go together")
        return self


class SmsReceiver(CatalogModel):
    """Amazon SNS, text message to one number.

    Alertmanager reads the keys from the file that its environment names (`AWS_SHARED_CREDENTIALS_FILE`).
    """

    region: str = Field(pattern=r"^[a-z0-9-]{3,40}$")
    phone_number: PhoneNumber
    api_url: Url | None = Field(default=None, description="Another endpoint than the region's own")
    profile: str | None = Field(default=None, description="Profile of the credentials file")


class HeartbeatReceiver(CatalogModel):
    """External checker that raises the alarm when the heartbeat stops."""

    url: Url


class EscalationReceivers(CatalogModel):
    """Those who hear of an alert that goes on; the means (workspace, mail server, account) are the same."""

    slack: SlackReceiver | None = None
    email: list[str] | None = Field(default=None, min_length=1, description="Addresses")
    sms: PhoneNumber | None = None

    def configured(self) -> frozenset[Channel]:
        """Return the channels that have somebody."""
        return frozenset(
            channel for channel in ESCALATION_CHANNELS if getattr(self, channel.value) is not None
        )


class Receivers(CatalogModel):
    """The channels that this installation has; what is left out is not notified."""

    slack: SlackReceiver | None = None
    email: EmailReceiver | None = None
    sms: SmsReceiver | None = None
    heartbeat: HeartbeatReceiver | None = None
    escalation: EscalationReceivers = Field(default_factory=EscalationReceivers)

    @model_validator(mode="after")
    def _means(self) -> "Receivers":
        for channel in (Channel.EMAIL, Channel.SMS):
            if channel in self.escalation.configured() and getattr(self, channel.value) is None:
                raise ValueError(f"escalation.{channel.value} needs {channel.value}, whose means it uses")
        return self

    def configured(self) -> frozenset[Channel]:
        """Return the channels that have a receiver."""
        return frozenset(channel for channel in Channel if getattr(self, channel.value) is not None)


class ExternalUrls(CatalogModel):
    """Where operators' browsers find the parts of the stack."""

    grafana: Url | None = Field(default=None, description="Without it, notifications have no dashboard link")
    alertmanager: Url | None = Field(
        default=None, description="Without it, notifications have no link that silences them"
    )


class AlertOverride(CatalogModel):
    """Changes to one entry; what is left out stays as the catalogue says."""

    thresholds: dict[ThresholdName, float] = Field(default_factory=dict)
    hold: Duration | None = Field(default=None, alias="for")
    cooldown: Duration | None = None
    channels: list[Channel] | None = Field(default=None, min_length=1)


class Weekday(StrEnum):
    """A day, as Alertmanager writes it."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class BusinessHours(CatalogModel):
    """When alerts that may wait are notified, in the installation's time zone; until then they are kept."""

    days: list[Weekday] = Field(min_length=1, max_length=7)
    start: str = Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="HH:MM")
    end: str = Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", description="HH:MM")

    @model_validator(mode="after")
    def _in_order(self) -> "BusinessHours":
        if self.start >= self.end:
            raise ValueError("start must be before end")
        return self


class Overrides(CatalogModel):
    """The whole file."""

    language: Language = Language.ES
    timezone: str = "America/Lima"
    runbook_base_url: Url
    external_urls: ExternalUrls = Field(default_factory=ExternalUrls)
    business_hours: BusinessHours | None = Field(
        default=None, description="Without them every alert is notified at any hour"
    )
    time_compression: int = Field(
        default=1,
        ge=1,
        le=LARGEST,
        description="For rehearsals: every duration of rules and routes is divided by it; without rule tests",
    )
    alerts: dict[AlertName, AlertOverride] = Field(default_factory=dict)
    receivers: Receivers

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{name!r} is not a time zone of the IANA database") from error
        return name
