"""Alertmanager configuration: routes, inhibition and receivers.

Cooldown C is `group_interval: C` with `repeat_interval: 0.9 C`, every alert in a group of its own:
Alertmanager looks for repeats only on group ticks, so equal values double the interval and a multiple of it
jitters (measured on 0.25). Within C nothing about the same alert is sent; the price is that its resolution
also waits up to C.
"""

from whatsapp_alerting.catalog import Channel, Inhibition
from whatsapp_alerting.duration import format_duration
from whatsapp_alerting.overrides import EmailReceiver, HeartbeatReceiver, SlackReceiver, SmsReceiver
from whatsapp_alerting.resolution import Installation, ResolvedAlert
from whatsapp_alerting.yaml_text import to_yaml

NOBODY = "none"
"""Receiver without a channel: for alerts whose channel this installation does not have."""
TEMPLATES = "templates/*.tmpl"
"""Relative to the configuration file."""
HEARTBEAT_REPEAT = 50
"""Seconds: a beat each minute, the group's interval."""


def alertmanager_file(installation: Installation) -> str:
    """Return `alertmanager.yml`."""
    receivers = installation.overrides.receivers
    configured = receivers.configured()
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
            "routes": [
                _route(installation, channel, cooldown, channel in configured)
                for channel, cooldown in routes(installation)
            ],
        },
        "inhibit_rules": [
            _inhibit_rule(inhibition, alert)
            for alert in installation.alerts
            for inhibition in alert.entry.inhibited_by
        ],
        "receivers": [{"name": NOBODY}]
        + [_receiver(getattr(receivers, channel.value)) for channel in Channel if channel in configured],
    }
    return to_yaml(document)


def routes(installation: Installation) -> list[tuple[Channel, int]]:
    """Return channel and cooldown (seconds) of each route, in their order."""
    pairs = {(channel, alert.cooldown) for alert in installation.alerts for channel in alert.channels}
    order = list(Channel)
    return sorted(pairs, key=lambda pair: (order.index(pair[0]), pair[1]))


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


def _route(
    installation: Installation, channel: Channel, cooldown: int, configured: bool
) -> dict[str, object]:
    repeat = HEARTBEAT_REPEAT if channel is Channel.HEARTBEAT and cooldown == 60 else cooldown * 9 // 10
    return {
        "receiver": channel.value if configured else NOBODY,
        "matchers": [f'notify_{channel.value}="true"', f'cooldown="{format_duration(cooldown)}"'],
        "group_by": ["..."],
        "group_wait": format_duration(installation.timing.group_wait),
        "group_interval": format_duration(cooldown),
        "repeat_interval": format_duration(repeat),
        "continue": True,
    }


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
                "title": '{{ template "whatsapp.title" . }}',
                "title_link": '{{ template "whatsapp.slack.link" . }}',
                "text": '{{ template "whatsapp.slack.text" . }}',
                "fallback": '{{ template "whatsapp.title" . }}',
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
