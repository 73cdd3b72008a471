"""Alertmanager configuration: routes, inhibition and receivers.

Cooldown C is `group_interval: C` with `repeat_interval: 0.9 C`, every alert in a group of its own:
Alertmanager looks for repeats only on group ticks, so equal values double the interval and a multiple of it
jitters (measured on 0.25). Within C nothing about the same alert is sent; the price is that its resolution
also waits up to C.
"""

from dataclasses import dataclass

from whatsapp_alerting.alert import Channel, Inhibition
from whatsapp_alerting.compression import compressed
from whatsapp_alerting.duration import format_duration
from whatsapp_alerting.overrides import (
    BusinessHours,
    EmailReceiver,
    HeartbeatReceiver,
    Receivers,
    SlackReceiver,
    SmsReceiver,
    Weekday,
)
from whatsapp_alerting.resolution import Installation, ResolvedAlert
from whatsapp_alerting.yaml_text import to_yaml

NOBODY = "none"
"""Receiver without a channel: for alerts whose channel this installation does not have."""
TEMPLATES = "templates/*.tmpl"
"""Relative to the configuration file."""
OUTSIDE = "outside-business-hours"
HEARTBEAT_REPEAT = 50
"""Seconds: a beat each minute, the group's interval."""


def alertmanager_file(installation: Installation) -> str:
    """Return `alertmanager.yml`."""
    receivers = installation.overrides.receivers
    configured = receivers.configured()
    escalation = receivers.escalation.configured()
    hours = installation.overrides.business_hours
    email = _email_global(receivers.email) if receivers.email else {}
    document: dict[str, object] = {
        "global": {"resolve_timeout": "5m", **email},
        "templates": [TEMPLATES],
        "route": {
            "receiver": fallback_receiver(installation),
            "group_by": ["..."],
            "group_wait": format_duration(installation.timing.group_wait),
            "group_interval": "5m",
            "repeat_interval": "4h",
            "routes": [_route(installation, route) for route in routes(installation)],
        },
        "inhibit_rules": [
            _inhibit_rule(inhibition, alert)
            for alert in installation.alerts
            for inhibition in alert.entry.inhibited_by
        ],
        "receivers": [
            {"name": NOBODY},
            *(_receiver(getattr(receivers, channel.value)) for channel in Channel if channel in configured),
            *(_escalation_receiver(receivers, channel) for channel in Channel if channel in escalation),
        ],
    }
    if hours is not None:
        document["time_intervals"] = _outside(hours, installation.overrides.timezone)
    return to_yaml(compressed(document, installation.overrides.time_compression))


@dataclass(frozen=True, slots=True, order=True)
class Route:
    """What a route matches: stable labels, so that a new alert does not change the identity of a group."""

    place: int
    """In Channel's order."""
    escalation: bool
    cooldown: int
    may_wait: bool

    @property
    def channel(self) -> Channel:
        return list(Channel)[self.place]


def routes(installation: Installation) -> list[Route]:
    """Return the routes in their order."""
    hours = installation.overrides.business_hours is not None
    order = list(Channel)
    found = {
        Route(order.index(channel), False, alert.cooldown, hours and alert.entry.may_wait)
        for alert in installation.alerts
        for channel in alert.channels
    }
    found |= {
        Route(order.index(channel), True, alert.cooldown, False)
        for alert in installation.alerts
        if alert.entry.escalate_after is not None
        for channel in alert.entry.escalate_to
    }
    return sorted(found)


def fallback_receiver(installation: Installation) -> str:
    """Return who hears of alerts that are not of the catalogue: the first channel for people there is."""
    configured = installation.overrides.receivers.configured()
    for channel in (Channel.SLACK, Channel.EMAIL):
        if channel in configured:
            return channel.value
    return NOBODY


def expected_receivers(installation: Installation, alert: ResolvedAlert) -> list[str]:
    """Return the receivers that an alert reaches, in the order of the routes."""
    configured = installation.overrides.receivers.configured()
    return [channel.value if channel in configured else NOBODY for channel in alert.channels]


def expected_escalation(installation: Installation, alert: ResolvedAlert) -> list[str]:
    """Return the receivers that hear of an alert that goes on, in the order of the routes."""
    configured = installation.overrides.receivers.escalation.configured()
    return [
        _escalation_name(channel) if channel in configured else NOBODY for channel in alert.entry.escalate_to
    ]


def _escalation_name(channel: Channel) -> str:
    return f"escalation-{channel.value}"


def _route(installation: Installation, route: Route) -> dict[str, object]:
    receivers = installation.overrides.receivers
    channel, cooldown = route.channel, route.cooldown
    if route.escalation:
        label, configured, name = "escalate", receivers.escalation.configured(), _escalation_name(channel)
    else:
        label, configured, name = "notify", receivers.configured(), channel.value
    matchers = [f'{label}_{channel.value}="true"', f'cooldown="{format_duration(cooldown)}"']
    if installation.overrides.business_hours is not None and not route.escalation:
        matchers.append(f'may_wait="{"true" if route.may_wait else ""}"')
    repeat = HEARTBEAT_REPEAT if channel is Channel.HEARTBEAT and cooldown == 60 else cooldown * 9 // 10
    written: dict[str, object] = {
        "receiver": name if channel in configured else NOBODY,
        "matchers": matchers,
        "group_by": ["..."],
        "group_wait": format_duration(installation.timing.group_wait),
        "group_interval": format_duration(cooldown),
        "repeat_interval": format_duration(repeat),
        "continue": True,
    }
    if route.may_wait:
        written["mute_time_intervals"] = [OUTSIDE]
    return written


def _outside(hours: BusinessHours, timezone: str) -> list[dict[str, object]]:
    """Return the interval that is not business hours: before and after them, and the other days."""
    spans = []
    if hours.start != "00:00":
        spans.append({"start_time": "00:00", "end_time": hours.start})
    if hours.end != "24:00":
        spans.append({"start_time": hours.end, "end_time": "24:00"})
    days = [day.value for day in Weekday if day in hours.days]
    others = [day.value for day in Weekday if day not in hours.days]
    intervals: list[dict[str, object]] = []
    if spans:
        intervals.append({"times": spans, "weekdays": days, "location": timezone})
    if others:
        intervals.append({"weekdays": others, "location": timezone})
    return [{"name": OUTSIDE, "time_intervals": intervals}]


def _escalation_receiver(receivers: Receivers, channel: Channel) -> dict[str, object]:
    """Return the receiver of the escalation contacts: the usual one with other addresses."""
    contacts = receivers.escalation
    match channel:
        case Channel.SLACK if contacts.slack is not None:
            receiver = _receiver(contacts.slack)
        case Channel.EMAIL if contacts.email is not None and receivers.email is not None:
            receiver = _receiver(receivers.email.model_copy(update={"to": contacts.email}))
        case Channel.SMS if contacts.sms is not None and receivers.sms is not None:
            receiver = _receiver(receivers.sms.model_copy(update={"phone_number": contacts.sms}))
        case _:
            raise ValueError(f"{channel.value} has no escalation contact")
    return {**receiver, "name": _escalation_name(channel)}


def _inhibit_rule(inhibition: Inhibition, target: ResolvedAlert) -> dict[str, object]:
    return {
        "source_matchers": _matchers(inhibition.alert, inhibition.source_labels),
        "target_matchers": _matchers(target.name, inhibition.target_labels),
        "equal": list(inhibition.equal),
    }


def _matchers(name: str, labels: dict[str, str]) -> list[str]:
    return [f'{label}="{value}"' for label, value in {"alertname": name, **labels}.items()]


def _email_global(receiver: EmailReceiver) -> dict[str, object]:
    settings = {
        "smtp_smarthost": receiver.smarthost,
        "smtp_from": receiver.sender,
        "smtp_hello": receiver.hello,
        "smtp_auth_username": receiver.auth_username,
        "smtp_auth_password_file": receiver.auth_password_file,
        "smtp_require_tls": receiver.require_tls,
    }
    return {name: value for name, value in settings.items() if value is not None}


def _receiver(
    receiver: SlackReceiver | EmailReceiver | SmsReceiver | HeartbeatReceiver,
) -> dict[str, object]:
    match receiver:
        case SlackReceiver():
            slack: dict[str, object] = {
                "api_url_file": receiver.api_url_file,
                "send_resolved": True,
                "color": '{{ template "whatsapp.slack.color" . }}',
                "title": '{{ template "whatsapp.slack.title" . }}',
                "title_link": '{{ template "whatsapp.slack.link" . }}',
                "text": '{{ template "whatsapp.slack.text" . }}',
                "fallback": '{{ template "whatsapp.slack.title" . }}',
                # Not `text`: a host or a value with * or _ in it would be shown as bold or italic.
                "mrkdwn_in": ["pretext"],
            }
            if receiver.channel is not None:
                slack["channel"] = receiver.channel
            return {"name": Channel.SLACK.value, "slack_configs": [slack]}
        case EmailReceiver():
            email = {
                "to": ", ".join(receiver.to),
                "send_resolved": True,
                "headers": {"Subject": '{{ template "whatsapp.email.subject" . }}'},
                "html": '{{ template "whatsapp.email.html" . }}',
                "text": '{{ template "whatsapp.email.text" . }}',
            }
            return {"name": Channel.EMAIL.value, "email_configs": [email]}
        case SmsReceiver():
            sms: dict[str, object] = {
                "phone_number": receiver.phone_number,
                "send_resolved": False,
                "sigv4": {"region": receiver.region}
                | ({"profile": receiver.profile} if receiver.profile else {}),
                "subject": "",
                "message": '{{ template "whatsapp.sms" . }}',
            }
            if receiver.api_url is not None:
                sms["api_url"] = receiver.api_url
            return {"name": Channel.SMS.value, "sns_configs": [sms]}
        case HeartbeatReceiver():
            beat = {"url": receiver.url, "send_resolved": False, "max_alerts": 1}
            return {"name": Channel.HEARTBEAT.value, "webhook_configs": [beat]}
