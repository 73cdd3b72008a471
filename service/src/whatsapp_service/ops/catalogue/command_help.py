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
    "help_env_file": (
        "archivo de ajustes CLAVE=valor; lo que ya está en el entorno prevalece",
        "settings file of KEY=value lines; what is already in the environment wins",
    ),
}
