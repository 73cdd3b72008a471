"""Texts of pausing, cancelling and sending again as (Spanish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "scope_everything": ("todos los envíos", "all sending"),
    "scope_company": ("empresa {id}", "company {id}"),
    "scope_template": ("plantilla {id}", "template {id}"),
    "pause_line": (
        "{scope}: en pausa desde {since} hasta {until}, por {by}: {reason}",
        "{scope}: paused since {since} until {until}, by {by}: {reason}",
    ),
    "pause_open_end": ("que se reanude", "it is resumed"),
    "pause_done": ("Envíos en pausa. {pause}", "Sending paused. {pause}"),
    "pause_left": ("Sigue en pausa: {pause}", "Still paused: {pause}"),
    "pauses_none": ("Nada está en pausa", "Nothing is paused"),
    "pause_unknown": ("no existe: {scope}", "there is no {scope}"),
    "pause_until_past": ("la hora de --until ya pasó", "the time of --until has passed"),
    "pause_reason_wrong": (
        "--reason necesita un texto de {length} caracteres como máximo",
        "--reason needs a text of {length} characters at most",
    ),
    "resume_done": ("Reanudado: {scope}", "Resumed: {scope}"),
    "resume_nothing": ("No había pausa de: {scope}", "There was no pause of: {scope}"),
    "cancel_done": ("Notificación {id} cancelada", "Notification {id} cancelled"),
    "refused_line": ("notificación {id}: {reason}", "notification {id}: {reason}"),
    "refused_some": (
        "{count} notificaciones quedaron como estaban",
        "{count} notifications were left as they were",
    ),
    "refusal_not_found": ("no existe", "there is none"),
    "refusal_being_sent": (
        "se está enviando ahora; inténtelo en un minuto",
        "it is being sent now; try again in a minute",
    ),
    "refusal_not_cancellable": (
        "está {estado}: solo se cancela una PENDIENTE",
        "it is {estado}: only a PENDIENTE one can be cancelled",
    ),
    "refusal_not_requeueable": (
        "está {estado}: solo se reenvía una en ERROR (una DESCONOCIDA, con --include-unknown)",
        "it is {estado}: only one in ERROR is sent again (a DESCONOCIDA one with --include-unknown)",
    ),
    "refusal_arrived": (
        "está {estado}, pero el mensaje llegó: no se reenvía",
        "it is {estado}, but the message arrived: it is not sent again",
    ),
    "refusal_never_open": (
        "el horario de su empresa no tiene ninguna hora de envío",
        "its company's hours have no time for sending",
    ),
    "requeue_done": ("Notificación {id} de nuevo PENDIENTE", "Notification {id} is PENDIENTE again"),
    "requeue_count": (
        "{count} notificaciones de nuevo PENDIENTE",
        "{count} notifications are PENDIENTE again",
    ),
    "requeue_left": (
        "{count} quedaron: su empresa no tiene horario de envío o se están enviando",
        "{count} were left: their company has no hours for sending or they are being sent",
    ),
    "requeue_more": (
        "Hay más que coinciden: repita el comando cuando estas se hayan enviado",
        "More match: repeat the command when these have been sent",
    ),
    "requeue_preview": ("Coinciden {count} notificaciones", "{count} notifications match"),
    "requeue_preview_least": (
        "Coinciden {count} notificaciones o más",
        "{count} notifications or more match",
    ),
    "requeue_preview_ids": ("Las más recientes: {ids}", "The newest: {ids}"),
    "requeue_ids_alone": (
        "con ID no se dan filtros ni --max",
        "filters and --max do not go with an ID",
    ),
    "requeue_dry_ids": ("--dry-run va con filtros, no con ID", "--dry-run goes with filters, not with an ID"),
    "requeue_needs_selection": (
        "indique ID o al menos un filtro (--company, --template, --error-code, --error-class, --since)",
        "give an ID or at least one filter (--company, --template, --error-code, --error-class, --since)",
    ),
    "requeue_needs_max": (
        "indique --max: cuántas se reenvían como máximo (--dry-run dice cuántas coinciden)",
        "give --max: how many are sent again at most (--dry-run tells how many match)",
    ),
}
