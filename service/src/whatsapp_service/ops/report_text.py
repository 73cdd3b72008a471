"""The daily report in words, section by section as the manual has it."""

from collections.abc import Iterable

from whatsapp_service.ops.daily_report import DailyReport
from whatsapp_service.ops.texts import Texts


def render_report(report: DailyReport, texts: Texts) -> str:
    """The whole report as plain text that ends in a newline."""
    time_format = "%Y-%m-%d %H:%M:%S"
    lines = [
        texts("report_title", date=f"{report.until:%Y-%m-%d}"),
        texts(
            "report_window",
            since=report.since.strftime(time_format),
            until=report.until.strftime(time_format),
            zone=report.zone,
        ),
        "",
        texts("report_errors_title", hours=report.hours),
        "",
        texts("report_top_errors"),
        *_counts(report.logs.errors, texts),
        "",
        texts("report_whatsapp_errors"),
        *_counts(report.logs.whatsapp_errors or report.database.error_codes, texts),
        "",
        texts("report_performance_title"),
        "",
        texts("report_endpoints"),
        *_or_none((f"{item.endpoint:<45} {item.mean_ms:8.1f} ms" for item in report.logs.endpoints), texts),
        "",
        texts("report_usage_title"),
        "",
        texts("report_hours"),
        *_or_none(
            (
                texts("report_requests", hour=hour, count=count)
                for hour, count in report.logs.requests_by_hour
            ),
            texts,
        ),
        "",
        texts("report_companies"),
        *_counts(((_company(report, number), count) for number, count in report.companies), texts),
        "",
        texts("report_database_title"),
        "",
        texts("report_states"),
        *_counts(report.database.states, texts),
        "",
        *(
            texts(
                "report_daily",
                date=day.date,
                total=day.total,
                sent=day.sent,
                delivered=day.delivered,
                read=day.read,
                errors=day.errors,
            )
            for day in report.database.days
        ),
        "",
        texts("report_skipped", malformed=report.malformed, oversized=report.oversized, files=report.files),
    ]
    return "\n".join(lines) + "\n"


def _company(report: DailyReport, number: str) -> str:
    name = report.database.company_names.get(number)
    return f"{number} {name}" if name else number


def _counts(pairs: Iterable[tuple[str, int]], texts: Texts) -> list[str]:
    """As ``uniq -c`` writes them: the count, then what was counted."""
    return _or_none((f"{count:7d} {name}" for name, count in pairs), texts)


def _or_none(lines: Iterable[str], texts: Texts) -> list[str]:
    return list(lines) or [texts("report_none")]
