"""What became of the notifications: counters of each stage, by one thing at a time."""

from whatsapp_exporter.collectors.database import counters, metrics, queries
from whatsapp_exporter.collectors.database.answers import Answers
from whatsapp_exporter.collectors.database.counters import Counters
from whatsapp_exporter.family import AnyFamily, family

CATEGORIES = ("AUTHENTICATION", "MARKETING", "UTILITY")
"""Every category that the schema allows a template."""


def build(answers: Answers) -> list[AnyFamily]:
    """Return the stages, failures, retries, unknown outcomes, prices and names. Raises AnswerError."""
    kept = Counters(answers)
    companies = {
        (str(record.integer("empresa_id")),): record.shown("empresa_nombre")
        for record in answers.rows(queries.COMPANIES)
    }
    templates = {
        (str(record.integer("id")),): tuple(
            record.shown(column) for column in ("nombre", "idioma", "categoria", "evento")
        )
        for record in answers.rows(queries.TEMPLATES)
    }
    # With the stages of companies, so that a company's first billable message starts from 0 too.
    by_company = {**metrics.BY_COMPANY, "billable": metrics.COMPANY_BILLABLE}
    *stages, billable = kept.families(by_company, "empresa", counters.identifier, companies)
    return [
        *stages,
        *kept.families(metrics.BY_TEMPLATE, "plantilla", counters.identifier, templates),
        *kept.families(
            metrics.BY_CATEGORY, "categoria", counters.word, [(category,) for category in CATEGORIES]
        ),
        *kept.families(metrics.BY_COUNTRY, "pais", counters.country),
        *kept.families({"failed": metrics.FAILURES}, "error", counters.error),
        *kept.families(
            {"retried": metrics.RETRIES, "unknown": metrics.UNKNOWN}, "total", counters.nothing, [()]
        ),
        family(metrics.COMPANY_INFO, (((*company, name), 1) for company, name in companies.items())),
        family(metrics.TEMPLATE_INFO, (((*template, *names), 1) for template, names in templates.items())),
        *kept.families({"billable": metrics.BILLABLE, "free": metrics.FREE}, "cobro", counters.pricing),
        billable,
    ]
