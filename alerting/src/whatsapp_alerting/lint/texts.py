"""Faults of the texts that operators read."""

import re
from collections.abc import Iterator

from whatsapp_alerting.alert import Alert, Language
from whatsapp_alerting.gsm import UNKNOWN, transliterate
from whatsapp_alerting.lint.finding import Finding
from whatsapp_alerting.promql import placeholders

MAX_SUMMARY = 70

_ACTION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_LABEL = re.compile(r"\$labels\.([a-zA-Z_][a-zA-Z0-9_]*)")
_STRING = re.compile(r'"[^"]*"')


def text_findings(alert: Alert) -> Iterator[Finding]:
    """Check that both languages say the same, and only what the alert knows."""
    if _actions(alert.description.es) != _actions(alert.description.en):
        yield Finding("description", "es and en use different template values")
    if placeholders(alert.description.es) != placeholders(alert.description.en):
        yield Finding("description", "es and en use different thresholds")
    for language in Language:
        field = f"summary.{language.value}"
        summary = alert.summary.in_language(language)
        if "{{" in summary or placeholders(summary):
            yield Finding(field, "must be static, so that it is equal for every instance")
        if len(summary) > MAX_SUMMARY:
            yield Finding(field, f"is longer than {MAX_SUMMARY} characters")
        lost = "".join(
            dict.fromkeys(one for one in summary if one != UNKNOWN and transliterate(one) == UNKNOWN)
        )
        if lost:
            yield Finding(field, f"cannot be written in a text message: {lost}")
    if placeholders(alert.value):
        yield Finding("value", "is of what was measured, without thresholds")
    used = set(_LABEL.findall(" ".join([alert.description.es, alert.description.en, alert.value])))
    for label in sorted(used - set(alert.identity)):
        yield Finding("description", f"uses the label {label}, which identity does not name")


def _actions(text: str) -> list[str]:
    """Return the template actions without the words inside them, in one order for both languages."""
    return sorted(_STRING.sub('""', action.strip()) for action in _ACTION.findall(text))
