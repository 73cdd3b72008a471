"""What the daily report tells from the logs (manual: "Scripts de Análisis de Logs")."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from whatsapp_service.graph.redaction import redact
from whatsapp_service.ops.log_reader import LogEntry

TOP = 10
UNKNOWN = "UNKNOWN"
OTHER = "OTHER"

_DISTINCT_LIMIT = 10_000
_NAME_LIMIT = 64


@dataclass(frozen=True, slots=True)
class EndpointTime:
    """Mean response time of one endpoint (``METHOD route``), in milliseconds."""

    endpoint: str
    requests: int
    mean_ms: float


@dataclass(frozen=True, slots=True)
class LogStatistics:
    """The manual's sections; pairs are (what, how many), most first, hours in order of time."""

    errors: tuple[tuple[str, int], ...]
    whatsapp_errors: tuple[tuple[str, int], ...]
    endpoints: tuple[EndpointTime, ...]
    requests_by_hour: tuple[tuple[str, int], ...]
    companies: tuple[tuple[str, int], ...]


class _BoundedCounter:
    """A counter of at most `_DISTINCT_LIMIT` names, so that distinct messages cannot fill memory."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def add(self, name: str) -> None:
        if name not in self.counts and len(self.counts) >= _DISTINCT_LIMIT:
            name = OTHER
        self.counts[name] += 1

    def top(self, limit: int | None = None) -> tuple[tuple[str, int], ...]:
        ordered = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(ordered[:limit])


def collect_statistics(entries: Iterable[LogEntry], zone: ZoneInfo) -> LogStatistics:
    """Read every entry once; hours are those of `zone`, written ``YYYY-MM-DDTHH`` as the manual does."""
    errors, whatsapp_errors, companies = _BoundedCounter(), _BoundedCounter(), _BoundedCounter()
    hours: Counter[str] = Counter()
    times: dict[str, tuple[int, float]] = {}
    for entry in entries:
        if entry.level in {"ERROR", "CRITICAL"}:
            errors.add(redact(entry.message))
        if _is_whatsapp_error(entry):
            whatsapp_errors.add(_name(entry.context.get("whatsapp_error_code")))
        if entry.message.startswith("Notification sent"):
            companies.add(_name(entry.context.get("empresa_id")))
        endpoint, duration = entry.context.get("endpoint"), entry.context.get("duration_ms")
        if isinstance(endpoint, str) and isinstance(duration, int | float):
            hours[entry.timestamp.astimezone(zone).strftime("%Y-%m-%dT%H")] += 1
            if endpoint not in times and len(times) >= _DISTINCT_LIMIT:
                endpoint = OTHER
            count, total = times.get(endpoint, (0, 0.0))
            times[endpoint] = (count + 1, total + duration)
    return LogStatistics(
        errors=errors.top(TOP),
        whatsapp_errors=whatsapp_errors.top(),
        endpoints=tuple(
            EndpointTime(endpoint, count, total / count) for endpoint, (count, total) in sorted(times.items())
        ),
        requests_by_hour=tuple(sorted(hours.items())),
        companies=companies.top(TOP),
    )


def _is_whatsapp_error(entry: LogEntry) -> bool:
    return (
        "whatsapp_error_code" in entry.context
        or "WHATSAPP_ERROR" in entry.message
        or "WHATSAPP_ERROR" in entry.tags
    )


def _name(value: object) -> str:
    return str(value)[:_NAME_LIMIT] if isinstance(value, int | str) and value != "" else UNKNOWN
