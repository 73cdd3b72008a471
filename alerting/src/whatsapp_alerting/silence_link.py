"""The address of Alertmanager's form for a silence, as a template of a rule's annotation."""

from whatsapp_alerting.resolution import Installation, ResolvedAlert

_QUOTED = r'printf "%q" $labels.{label} | urlquery | reReplaceAll "[+]" "%20"'
"""The value as a matcher quotes it. The form's page does not read `+` as a space."""


def silence_url(installation: Installation, alert: ResolvedAlert) -> str | None:
    """Return the address, or `None` where the installation does not say where Alertmanager is.

    The silence covers this alert of this identity, and its escalation, which has these labels and one more.
    """
    alertmanager = installation.overrides.external_urls.alertmanager
    if alertmanager is None:
        return None
    matchers = [f"alertname%3D%22{alert.name}%22"]
    matchers += [f"{label}%3D{{{{ {_QUOTED.format(label=label)} }}}}" for label in alert.entry.identity]
    return f"{alertmanager.rstrip('/')}/#/silences/new?filter=%7B{'%2C%20'.join(matchers)}%7D"
