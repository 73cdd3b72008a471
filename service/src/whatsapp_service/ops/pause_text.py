"""A pause in words."""

from zoneinfo import ZoneInfo

from whatsapp_service.ops.moments import shown
from whatsapp_service.ops.texts import Texts
from whatsapp_service.pauses import Pause, Scope

_SCOPES = {
    Scope.EVERYTHING: "scope_everything",
    Scope.COMPANY: "scope_company",
    Scope.TEMPLATE: "scope_template",
}


def name_scope(scope: Scope, object_id: int, texts: Texts) -> str:
    """Everything, the company or the template."""
    return texts(_SCOPES[scope], id=object_id)


def describe_pause(pause: Pause, zone: ZoneInfo, texts: Texts) -> str:
    """One line: what, since and until when, who, why."""
    return texts(
        "pause_line",
        scope=name_scope(pause.scope, pause.object_id, texts),
        since=shown(pause.since, zone),
        until=texts("pause_open_end") if pause.until is None else shown(pause.until, zone),
        by=pause.created_by,
        reason=pause.reason,
    )
