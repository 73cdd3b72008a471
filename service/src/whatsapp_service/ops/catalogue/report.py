"""Texts of the daily report and its e-mail as (Spanish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "report_title": (
        "Sistema de Notificaciones WhatsApp - Reporte Diario {date}",
        "WhatsApp notification system - Daily report {date}",
    ),
    "report_subject": (
        "WhatsApp Notifications - Reporte Diario {date}",
        "WhatsApp Notifications - Daily report {date}",
    ),
    "report_window": ("Desde {since} hasta {until} ({zone})", "From {since} to {until} ({zone})"),
    "report_errors_title": (
        "=== ANÁLISIS DE ERRORES - ÚLTIMAS {hours} HORAS ===",
        "=== ERRORS - LAST {hours} HOURS ===",
    ),
    "report_top_errors": ("Top 10 Errores:", "Top 10 errors:"),
    "report_whatsapp_errors": ("Errores WhatsApp API:", "WhatsApp API errors:"),
    "report_performance_title": ("=== ANÁLISIS DE PERFORMANCE ===", "=== PERFORMANCE ==="),
    "report_endpoints": (
        "Tiempo de respuesta promedio por endpoint (ms):",
        "Mean response time per endpoint (ms):",
    ),
    "report_usage_title": ("=== ANÁLISIS DE USO ===", "=== USE ==="),
    "report_hours": ("Requests por hora:", "Requests per hour:"),
    "report_companies": (
        "Top 10 empresas por notificaciones enviadas:",
        "Top 10 companies by notifications sent:",
    ),
    "report_database_title": ("=== BASE DE DATOS ===", "=== DATABASE ==="),
    "report_states": ("Notificaciones por estado:", "Notifications by state:"),
    "report_daily": (
        "{date}: {total} en total, {sent} enviadas, {delivered} entregadas, {read} leídas, {errors} errores",
        "{date}: {total} in all, {sent} sent, {delivered} delivered, {read} read, {errors} errors",
    ),
    "report_none": ("(ninguno)", "(none)"),
    "report_requests": ("{hour}: {count} requests", "{hour}: {count} requests"),
    "report_skipped": (
        "Líneas de log ilegibles: {malformed}; demasiado largas: {oversized}; archivos: {files}",
        "Unreadable log lines: {malformed}; too long: {oversized}; files: {files}",
    ),
    "report_done": ("Reporte generado: {path}", "Report written: {path}"),
    "report_mailed": ("Reporte enviado por correo", "Report e-mailed"),
    "report_no_logs": (
        "LOG_DIR no está definido o no existe: el reporte no tiene datos de los logs",
        "LOG_DIR is not set or does not exist: the report has no data from the logs",
    ),
    "mail_failed": ("el correo no se pudo enviar ({detail})", "the e-mail could not be sent ({detail})"),
    "mail_plain_password": (
        "el servidor SMTP no ofrece STARTTLS y la clave no se envía en claro",
        "the SMTP server offers no STARTTLS and the password is not sent in the clear",
    ),
}
