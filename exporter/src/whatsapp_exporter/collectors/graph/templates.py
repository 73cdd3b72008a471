"""The account's message templates.

https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates/.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from whatsapp_exporter.collectors.graph import health, metrics
from whatsapp_exporter.collectors.graph.config import MAX_TEMPLATE_PAGES
from whatsapp_exporter.collectors.graph.document import Document
from whatsapp_exporter.collectors.graph.errors import TooMuchDataError
from whatsapp_exporter.collectors.graph.reader import Fields, GraphReader, Session
from whatsapp_exporter.family import Family, LabelValues, family, single, states
from whatsapp_exporter.label_value import OTHER, label_value

FIELDS = Fields("templates", ("name", "language", "status", "category"), ("quality_score", health.FIELD))
PAGE = 200
SMALLEST_PAGE = 25
MAX_ENTRIES = 1_000
"""Of a page that is longer than was asked for."""
MAX_SERIES = 250
"""Templates that get series of their own."""
MAX_CURSOR = 1_000
MAX_KINDS = 50
STATUSES = (
    *("APPROVED", "PENDING", "IN_APPEAL", "REJECTED", "PAUSED", "DISABLED", "FLAGGED", "LIMIT_EXCEEDED"),
    *("ARCHIVED", "PENDING_DELETION"),
)
CATEGORIES = ("AUTHENTICATION", "MARKETING", "UTILITY")
QUALITIES = ("GREEN", "YELLOW", "RED", "UNKNOWN")


@dataclass(frozen=True, slots=True)
class Template:
    """One template in one language, its fields as labels' values. `verdict` None: Meta did not say."""

    name: str
    language: str
    status: str
    category: str
    quality: str
    verdict: str | None


@dataclass(frozen=True, slots=True)
class TemplateList:
    """The templates of the pages that were read. `complete`: Meta has no others."""

    templates: Sequence[Template]
    complete: bool
    problems: Sequence[str]


class TemplateReader:
    """Reads the pages; remembers with how many on a page Meta is content."""

    def __init__(self, reader: GraphReader, account_id: str) -> None:
        self._reader = reader
        self._path = f"{account_id}/message_templates"
        self._page = PAGE

    async def read(self, session: Session) -> TemplateList:
        """Return the templates of at most MAX_TEMPLATE_PAGES pages. Raises GraphReadError."""
        found: list[Template] = []
        problems: list[str] = []
        cursor: str | None = None
        for _ in range(MAX_TEMPLATE_PAGES):
            parameters = {"limit": str(self._page)}
            if cursor is not None:
                parameters["after"] = cursor
            try:
                page = await self._reader.read_fields(session, self._path, FIELDS, parameters)
            except TooMuchDataError:
                self._page = max(SMALLEST_PAGE, self._page // 2)
                raise
            found.extend(_template(entry) for entry in page.entries("data", MAX_ENTRIES))
            if "data" not in page:
                page.problems.append("data is absent")
            following = _following(page)
            problems.extend(problem for problem in page.problems if problem not in problems)
            if following is None or following == cursor:
                return TemplateList(found, complete=following is None, problems=problems)
            cursor = following
        return TemplateList(found, complete=False, problems=problems)


def template_families(read: TemplateList) -> Sequence[Family]:
    """Return counts of all of them, and the states of each of the first MAX_SERIES."""
    shown: dict[LabelValues, Template] = {}
    for template in read.templates:
        labels = (template.name, template.language)
        if OTHER not in labels and labels not in shown and len(shown) < MAX_SERIES:
            shown[labels] = template
    left_out = len(read.templates) - len(shown) + (not read.complete)
    by_status = Counter[tuple[str, ...]]((template.status,) for template in read.templates)
    by_quality = Counter[tuple[str, ...]](
        (template.category, template.quality) for template in read.templates
    )
    verdicts = {labels: one.verdict for labels, one in shown.items() if one.verdict is not None}
    found = [
        family(metrics.TEMPLATES, _counts(by_status, [(status,) for status in STATUSES])),
        family(metrics.TEMPLATES_BY_QUALITY, _counts(by_quality, list(product(CATEGORIES, QUALITIES)))),
        single(metrics.TEMPLATES_LEFT_OUT, left_out),
        states(
            metrics.TEMPLATE_STATUS,
            {labels: one.status for labels, one in shown.items()},
            dict.fromkeys(shown, STATUSES),
        ),
    ]
    if verdicts:
        found.append(states(metrics.TEMPLATE_CAN_SEND, verdicts, dict.fromkeys(verdicts, health.VERDICTS)))
    return found


def _template(entry: Document) -> Template:
    score = entry.within("quality_score")
    name, language = entry.text("name"), entry.text("language")
    return Template(
        name=OTHER if name is None else label_value(name),
        language=OTHER if language is None else label_value(language),
        status=entry.state("status") or OTHER,
        category=entry.state("category") or OTHER,
        quality=(None if score is None else score.state("score")) or "UNKNOWN",
        verdict=health.template_verdict(entry),
    )


def _following(page: Document) -> str | None:
    """Return the cursor of the page after this one.

    Meta's whole address of that page is not used: it holds the access token.
    """
    paging = page.within("paging")
    if paging is None or not paging.text("next"):
        return None
    cursors = paging.within("cursors")
    after = None if cursors is None else cursors.text("after")
    return after if after is not None and 0 < len(after) <= MAX_CURSOR and after.isprintable() else None


def _counts(
    counted: Counter[tuple[str, ...]], known: Sequence[tuple[str, ...]]
) -> list[tuple[tuple[str, ...], float]]:
    """Return how many there are of each kind, of the known ones in any case."""
    kinds = [*known, *sorted(set(counted) - set(known))][:MAX_KINDS]
    return [(kind, float(counted[kind])) for kind in kinds]
