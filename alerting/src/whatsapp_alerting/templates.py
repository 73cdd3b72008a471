"""Alertmanager's message templates: Go templates whose words and time zone are put in when compiling.

The sources are in `message_templates/`, with `@@name@@` where a word or the tail of a pipeline goes. What an
alert brings with it (label values, texts of rules that are not ours) is written on one line and escaped for
its channel: e-mail's HTML by the template engine itself, Slack's and the text message's by the filters here.
"""

import re
from importlib import resources

from whatsapp_alerting.alert import Language, Severity
from whatsapp_alerting.clock import moment, zone_name
from whatsapp_alerting.gsm import MAX_SMS, template_filter, transliterate
from whatsapp_alerting.message_texts import EMOJI, RESOLVED_EMOJI, SEVERITY, WORDS
from whatsapp_alerting.resolution import Installation

FILES = ("whatsapp_title.tmpl", "whatsapp_slack.tmpl", "whatsapp_email.tmpl", "whatsapp_sms.tmpl")
_MARK = re.compile(r"@@([a-z_]+)@@")
LINE = r'| reReplaceAll "[\\s\\p{Cc}\\p{Z}]+" " "'
"""Tail of a pipeline: line breaks and control characters become spaces."""
SLACK = f'{LINE} | reReplaceAll "&" "&amp;" | reReplaceAll "<" "&lt;" | reReplaceAll ">" "&gt;"'
"""The three characters that Slack asks to escape; its other markup is off (see routes)."""
SLACK_URL = (
    r'| reReplaceAll "[\\s\\p{Cc}\\p{Z}]+" "%20" | reReplaceAll "<" "%3C" | reReplaceAll ">" "%3E"'
    r' | reReplaceAll "[|]" "%7C" | reReplaceAll "&" "&amp;"'
)
"""An address inside `<address|text>`."""


def template_files(installation: Installation) -> dict[str, str]:
    """Return file name -> content."""
    words = _words(installation.language, installation.overrides.timezone)
    sources = resources.files("whatsapp_alerting") / "message_templates"
    return {
        name: _MARK.sub(lambda match: words[match[1]], (sources / name).read_text(encoding="utf-8"))
        for name in FILES
    }


def _words(language: Language, timezone: str) -> dict[str, str]:
    severity = SEVERITY[language]
    words = WORDS[language]
    return {
        **words,
        "lang": language.value,
        "line": LINE,
        "slack": SLACK,
        "slack_url": SLACK_URL,
        "sms": f"{LINE} {template_filter()}",
        "max_sms": str(MAX_SMS),
        "resolved_emoji": RESOLVED_EMOJI,
        "sms_critical": transliterate(severity[Severity.CRITICAL]),
        "sms_escalated": transliterate(words["escalated"]),
        **{f"{level.value}_emoji": EMOJI[level] for level in Severity},
        **{f"{level.value}_word": severity[level] for level in Severity},
        "starts_at": moment(".StartsAt", "2006-01-02 15:04:05", timezone),
        "ends_at": moment(".EndsAt", "2006-01-02 15:04:05", timezone),
        "starts_at_short": moment(".StartsAt", "02/01 15:04", timezone),
        "zone": zone_name(timezone),
        "sms_zone": " UTC" if zone_name(timezone) == "UTC" else "",
    }
