"""`health_status`: whether each entity that a message passes lets it through.

https://developers.facebook.com/documentation/business-messaging/whatsapp/support/health-status/.
"""

from collections.abc import Sequence

from whatsapp_exporter.collectors.graph import metrics
from whatsapp_exporter.collectors.graph.document import Document
from whatsapp_exporter.family import Family, LabelValues, family, states

FIELD = "health_status"
VERDICT = "can_send_message"
VERDICTS = ("AVAILABLE", "LIMITED", "BLOCKED")
TEMPLATE = "MESSAGE_TEMPLATE"
OVERALL = "OVERALL"
MAX_ENTITIES = 20
MAX_ERRORS = 20
MAX_CODE = 9_999_999


class EntityHealth:
    """What the nodes that were read say of the entities; of several verdicts on one the worst counts."""

    def __init__(self) -> None:
        self._verdicts: dict[str, str] = {}
        self._errors: set[tuple[str, str]] = set()

    def add(self, node: Document, *, overall: bool = False) -> None:
        """Take over what the node says; with `overall` its own sum too."""
        health = node.within(FIELD)
        if health is None:
            return
        if overall:
            self._add(OVERALL, health.state(VERDICT))
        for entity in health.entries("entities", MAX_ENTITIES):
            kind = entity.state("entity_type")
            if kind is None or kind == TEMPLATE:
                continue
            self._add(kind, entity.state(VERDICT))
            for error in entity.entries("errors", MAX_ERRORS):
                code = error.number("error_code")
                if code is not None and 0 <= code <= MAX_CODE and len(self._errors) < MAX_ERRORS:
                    self._errors.add((kind, f"{code:.0f}"))

    def families(self) -> Sequence[Family]:
        """Return the families; none when no node has said anything."""
        if not self._verdicts:
            return ()
        verdicts: dict[LabelValues, str] = {(entity,): verdict for entity, verdict in self._verdicts.items()}
        return (
            states(metrics.CAN_SEND, verdicts, dict.fromkeys(verdicts, VERDICTS)),
            family(metrics.HEALTH_ERROR, ((error, 1.0) for error in sorted(self._errors))),
        )

    def _add(self, entity: str, verdict: str | None) -> None:
        if verdict is None or (entity not in self._verdicts and len(self._verdicts) >= MAX_ENTITIES):
            return
        known = self._verdicts.get(entity)
        if known is None or _rank(verdict) > _rank(known):
            self._verdicts[entity] = verdict


def template_verdict(template: Document) -> str | None:
    """Return what the template's own entity says; None when Meta does not."""
    health = template.within(FIELD)
    if health is None:
        return None
    for entity in health.entries("entities", MAX_ENTITIES):
        if entity.state("entity_type") == TEMPLATE:
            return entity.state(VERDICT)
    return None


def _rank(verdict: str) -> float:
    """Order by gravity; a verdict that is not known is graver than a limit and less than a block."""
    return {"AVAILABLE": 0.0, "LIMITED": 1.0, "BLOCKED": 3.0}.get(verdict, 2.0)
