"""Texts of the command line's help as (Spanish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "help_program": (
        "Operaciones del Sistema de Notificaciones WhatsApp.",
        "Operations of the WhatsApp notification system.",
    ),
    "help_json": ("resultado en JSON", "result as JSON"),
    "help_migrate": ("aplica las migraciones pendientes", "apply the pending migrations"),
    "help_import": (
        "carga empresas, contactos y plantillas de un documento JSON (repetible sin efecto)",
        "load companies, contacts and templates from a JSON document (repeating it changes nothing)",
    ),
    "help_import_file": ("documento JSON", "JSON document"),
    "help_import_region": (
        "país (ISO, p. ej. PE) de los números escritos sin prefijo internacional",
        "country (ISO, e.g. PE) of numbers written without the international prefix",
    ),
    "help_backup": (
        "copia de seguridad verificada, con el servicio en marcha",
        "verified backup while the service runs",
    ),
    "help_backups": ("lista las copias de seguridad", "list the backups"),
    "help_restore": (
        "restaura una copia de seguridad (con las unidades detenidas)",
        "restore a backup (with the units stopped)",
    ),
    "help_restore_timestamp": (
        "fecha de la copia, AAAAMMDD_HHMMSS",
        "time of the backup, YYYYMMDD_HHMMSS",
    ),
    "help_restore_latest": ("la copia más reciente", "the newest backup"),
    "help_restore_yes": (
        "confirma que se reemplaza la base de datos actual",
        "confirm that the present database is replaced",
    ),
    "help_cleanup": ("borra los datos vencidos", "delete expired data"),
    "help_reindex": (
        "reconstruye los índices, actualiza estadísticas y verifica la integridad",
        "rebuild the indexes, update statistics and check integrity",
    ),
    "help_report": ("reporte de las últimas horas", "report of the last hours"),
    "help_report_hours": (
        "horas que abarca, de 1 a 168 (24 por defecto)",
        "hours that it covers, from 1 to 168 (default 24)",
    ),
    "help_report_output": (
        "archivo donde se escribe (por defecto LOG_DIR/reports)",
        "file to write to (default LOG_DIR/reports)",
    ),
    "help_report_no_email": ("no enviar por correo", "do not e-mail it"),
    "help_diagnose": ("diagnóstico completo del sistema", "complete diagnosis of the system"),
    "help_diagnose_url": (
        "dirección de la API (por defecto http://API_HOST:API_PORT)",
        "address of the API (default http://API_HOST:API_PORT)",
    ),
    "help_diagnose_output": ("archivo donde se escribe", "file to write to"),
    "help_diagnose_send": ("enviar por correo y Slack", "send by e-mail and Slack"),
    "help_webhook_test": (
        "prueba el webhook: verificación y un estado firmado",
        "try the webhook: handshake and one signed status",
    ),
    "help_webhook_url": ("dirección del webhook", "address of the webhook"),
    "help_events": (
        "lo que Meta avisó de plantillas, calidad, límites y la cuenta",
        "what Meta told of templates, quality, limits and the account",
    ),
    "help_events_field": ("solo este campo de Meta", "only this field of Meta's"),
    "help_events_max": ("cuántos como máximo (50 por defecto)", "how many at most (default 50)"),
    "help_pause": (
        "detiene los envíos: todos, los de una empresa o los de una plantilla",
        "stop sending: all, one company's or one template's",
    ),
    "help_pause_reason": ("motivo, sin números de teléfono", "reason, without phone numbers"),
    "help_pause_until": (
        "hasta cuándo: AAAA-MM-DDTHH:MM o HH:MM (hora de los operadores)",
        "until when: YYYY-MM-DDTHH:MM or HH:MM (operators' time)",
    ),
    "help_pause_for": ("por cuánto tiempo: 30m, 2h, 1d12h", "for how long: 30m, 2h, 1d12h"),
    "help_resume": ("reanuda los envíos", "resume sending"),
    "help_pauses": ("lista las pausas vigentes", "list the pauses in force"),
    "help_company": ("id de la empresa", "id of the company"),
    "help_template": ("id de la plantilla", "id of the template"),
    "help_cancel": (
        "cancela notificaciones que no se han enviado",
        "cancel notifications that have not been sent",
    ),
    "help_cancel_id": ("id de la notificación", "id of the notification"),
    "help_requeue": (
        "vuelve a enviar notificaciones que fallaron: las de los ID o las que coinciden",
        "send failed notifications again: those of the IDs or those that match",
    ),
    "help_requeue_id": ("id de la notificación", "id of the notification"),
    "help_error_code": ("código de error de Meta", "Meta's error code"),
    "help_error_class": ("clase de error, p. ej. network", "error class, e.g. network"),
    "help_requeue_since": (
        "creadas desde esta hora: AAAA-MM-DDTHH:MM o HH:MM",
        "created since this time: YYYY-MM-DDTHH:MM or HH:MM",
    ),
    "help_requeue_until": ("creadas antes de esta hora", "created before this time"),
    "help_requeue_max": ("cuántas como máximo", "how many at most"),
    "help_requeue_unknown": (
        "también las DESCONOCIDA, que quizá llegaron: el contacto puede recibir el mensaje dos veces",
        "DESCONOCIDA ones too, which may have arrived: the contact may get the message twice",
    ),
    "help_requeue_dry": ("solo dice cuántas coinciden", "only tell how many match"),
    "help_keys": ("claves de la API", "keys of the API"),
    "help_keys_issue": ("emite una clave y la muestra una vez", "issue a key and show it once"),
    "help_keys_list": ("lista las claves", "list the keys"),
    "help_keys_revoke": ("revoca una clave", "revoke a key"),
    "help_key_name": ("nombre del cliente, que aparece en los logs", "name of the client, as logs show it"),
    "help_key_scope": (
        "permiso: operate, read o monitor; se puede repetir",
        "scope: operate, read or monitor; may be repeated",
    ),
    "help_contacts": ("números de los contactos", "the contacts' numbers"),
    "help_contacts_validate": (
        "revisa los números de los contactos",
        "check the contacts' numbers",
    ),
    "help_contacts_bad": (
        "lista los contactos con número malo (muestra números en la terminal y en JSON)",
        "list the contacts with a bad number (shows numbers on a terminal and in JSON)",
    ),
    "help_env_file": (
        "archivo de ajustes CLAVE=valor; lo que ya está en el entorno prevalece",
        "settings file of KEY=value lines; what is already in the environment wins",
    ),
}
