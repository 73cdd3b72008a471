"""What waits: notifications by state, what is due, what Meta has not told of, webhooks, pauses."""

from collections.abc import Mapping

from whatsapp_exporter.collectors.database import metrics, queries
from whatsapp_exporter.collectors.database.answers import Answers
from whatsapp_exporter.family import AnyFamily, Family, family, single
from whatsapp_exporter.label_value import label_value

STATES = ("PENDIENTE", "ENVIADA", "ENTREGADA", "LEIDA", "ERROR", "CANCELADA", "DESCONOCIDA")
"""Every state that the schema allows."""
SCOPES = ("todo", "empresa", "plantilla")
ORIGINS = ("operador", "meta")
"""Every scope and origin of a pause that the schema allows."""


def build(answers: Answers) -> list[AnyFamily]:
    """Return the gauges. Raises AnswerError."""
    by_state: dict[str, int] = {}
    for record in answers.rows(queries.COUNTS_BY_STATE):
        state = label_value(record.text("estado"))
        by_state[state] = by_state.get(state, 0) + record.integer("total")
    due = answers.row(queries.DUE).count("total")
    events = answers.rows(queries.OLDEST_EVENT)
    return [
        family(metrics.NOTIFICATIONS, _by_state(by_state)),
        single(metrics.DUE, due),
        single(metrics.SCHEDULED, max(0, by_state.get("PENDIENTE", 0) - due)),
        single(metrics.OLDEST_DUE_AGE, answers.age(answers.row(queries.OLDEST_PENDING), "oldest")),
        single(metrics.UNKNOWN_OUTCOMES, by_state.get("DESCONOCIDA", 0)),
        single(metrics.WITHOUT_STATUS, answers.row(queries.WITHOUT_STATUS).integer("total")),
        single(metrics.RECENT_RECIPIENTS, answers.row(queries.RECIPIENTS).integer("total")),
        single(metrics.WAITING_EVENTS, answers.row(queries.WAITING_EVENTS).count("total")),
        single(metrics.OLDEST_EVENT_AGE, answers.age(events[0], "received_at") if events else 0.0),
        _pauses(answers),
    ]


def _by_state(counts: Mapping[str, int]) -> list[tuple[tuple[str], float]]:
    states = [*STATES, *sorted(set(counts) - set(STATES))]
    return [((state,), counts.get(state, 0)) for state in states]


def _pauses(answers: Answers) -> Family:
    found = {(scope, origin): 0 for scope in SCOPES for origin in ORIGINS}
    for record in answers.rows(queries.PAUSES):
        labels = (label_value(record.text("alcance")), label_value(record.text("origen")))
        found[labels] = found.get(labels, 0) + record.count("total")
    return family(metrics.PAUSES, found.items())
