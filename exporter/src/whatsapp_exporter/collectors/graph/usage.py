"""How much of Meta's limits is used, from the headers that Meta sends once enough calls have been made.

https://developers.facebook.com/docs/graph-api/overview/rate-limiting/. A header that cannot be read is as
good as none: it is no part of what was asked for.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from whatsapp_exporter.collectors.graph import metrics
from whatsapp_exporter.family import Family, family
from whatsapp_exporter.json_fields import finite_number
from whatsapp_exporter.label_value import label_value

APP_HEADER = "X-App-Usage"
BUSINESS_HEADER = "X-Business-Use-Case-Usage"
MEASURES = ("call_count", "total_cputime", "total_time")
REGAIN = "estimated_time_to_regain_access"
MAX_HEADER_LENGTH = 20_000
MAX_USE_CASES = 16
PERCENT = 100.0
SECONDS_PER_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Ratios by measure; for the business by (use case, measure); seconds until access by use case."""

    app: Mapping[str, float] = field(default_factory=dict)
    business: Mapping[tuple[str, str], float] = field(default_factory=dict)
    regain: Mapping[str, float] = field(default_factory=dict)

    @property
    def seconds_to_regain(self) -> float | None:
        """Seconds until reads are allowed again; None when Meta does not say that they are not."""
        longest = max(self.regain.values(), default=0.0)
        return longest if longest > 0 else None

    def families(self) -> Sequence[Family]:
        """Return a family for what Meta sent; of what it did not send there is none."""
        found = []
        if self.app:
            found.append(family(metrics.APP_USAGE, (((key,), value) for key, value in self.app.items())))
        if self.business:
            found.append(family(metrics.BUSINESS_USAGE, self.business.items()))
        if self.regain:
            found.append(family(metrics.REGAIN, (((key,), value) for key, value in self.regain.items())))
        return found


def parse_usage(headers: Mapping[str, str]) -> Usage:
    """Read both headers; the highest value counts where there are several accounts."""
    app = _content(headers, APP_HEADER)
    business: dict[tuple[str, str], float] = {}
    regain: dict[str, float] = {}
    for entry in _use_cases(_content(headers, BUSINESS_HEADER)):
        kind = entry.get("type")
        name = label_value(kind) if isinstance(kind, str) else label_value("")
        for measure, value in _ratios(entry).items():
            business[name, measure] = max(value, business.get((name, measure), 0.0))
        minutes = finite_number(entry.get(REGAIN))
        if minutes is not None and minutes >= 0:
            regain[name] = max(minutes * SECONDS_PER_MINUTE, regain.get(name, 0.0))
    return Usage(_ratios(app), business, regain)


def _content(headers: Mapping[str, str], name: str) -> Mapping[str, object]:
    text = headers.get(name, "")
    if not text or len(text) > MAX_HEADER_LENGTH:
        return {}
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _use_cases(content: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    left = MAX_USE_CASES
    for entries in content.values():
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and left > 0:
                left -= 1
                yield entry


def _ratios(source: Mapping[str, object]) -> dict[str, float]:
    found = {}
    for measure in MEASURES:
        percent = finite_number(source.get(measure))
        if percent is not None and percent >= 0:
            found[measure] = percent / PERCENT
    return found
