"""Texts of settings, jobs and migrations as (Spanish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "error": ("error: {detail}", "error: {detail}"),
    "warning": ("ADVERTENCIA: {detail}", "WARNING: {detail}"),
    "setting_invalid": ("ajuste incorrecto: {detail}", "wrong setting: {detail}"),
    "job_running": (
        "{job} ya está en ejecución en otro proceso; inténtelo más tarde",
        "{job} is already running in another process; try again later",
    ),
    "interrupted": ("interrumpido antes de terminar", "interrupted before the end"),
    "database_error": (
        "la base de datos no respondió como se esperaba: {detail}",
        "the database did not answer as expected: {detail}",
    ),
    "system_error": ("el sistema operativo lo impidió: {detail}", "the operating system refused: {detail}"),
    "only_file_database": (
        "esta operación necesita una base de datos file:; la de un servidor remoto la respalda el servidor",
        "this operation needs a file: database; that of a remote server is backed up by the server",
    ),
    "database_absent": ("no existe la base de datos {path}", "there is no database {path}"),
    "log_not_written": (
        "no se registró en system_maintenance_log: {detail}",
        "not recorded in system_maintenance_log: {detail}",
    ),
    "metrics_not_written": (
        "no se escribieron las métricas del trabajo: {detail}",
        "the job's metrics were not written: {detail}",
    ),
    "disk_nearly_full": ("espacio en disco al {percent}% en {path}", "disk {percent}% full at {path}"),
    "disk_ok": ("Espacio en disco: {percent}% en {path}", "Disk: {percent}% used at {path}"),
    "migrations_applied": ("Migraciones aplicadas: {versions}", "Migrations applied: {versions}"),
    "migrations_none": (
        "La base de datos ya está al día; no se aplicó ninguna migración",
        "The database is up to date; no migration applied",
    ),
}
