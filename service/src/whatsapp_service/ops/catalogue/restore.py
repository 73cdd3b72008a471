"""Texts of the restore as (Spanish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "restore_needs_yes": (
        "esto reemplazará la base de datos actual: añada --yes para confirmarlo",
        "this will replace the present database: add --yes to confirm",
    ),
    "restore_needs_choice": (
        "indique la fecha de la copia o --latest",
        "give the backup's time or --latest",
    ),
    "restore_not_found": (
        "no hay una copia completa {timestamp} en {path}",
        "there is no complete backup {timestamp} in {path}",
    ),
    "restore_none": ("no hay copias completas en {path}", "there are no complete backups in {path}"),
    "restore_in_use": (
        "otro proceso está usando la base de datos; detenga antes las unidades whatsapp-*",
        "another process is using the database; stop the whatsapp-* units first",
    ),
    "restore_rolled_back": (
        "la verificación falló ({detail}); se repuso la base de datos anterior",
        "verification failed ({detail}); the previous database was put back",
    ),
    "restore_newer_schema": (
        "la copia tiene el esquema {found} y este programa conoce hasta {known}; actualice el programa",
        "the backup has schema {found} and this program knows up to {known}; update the program",
    ),
    "restore_table": ("✅ {table}: {count} registros", "✅ {table}: {count} rows"),
    "restore_table_missing": ("falta la tabla {table}", "table {table} is missing"),
    "restore_done": (
        "Restauración completada desde {name}; la base anterior quedó en {safety}",
        "Restored from {name}; the previous database is in {safety}",
    ),
    "restore_done_new": (
        "Restauración completada desde {name}; no había base de datos anterior",
        "Restored from {name}; there was no previous database",
    ),
    "restore_pending": (
        "al arrancar se enviarán {count} pendientes; las ya enviadas tras {created_at} se repetirían",
        "{count} pending will be sent on start; those already sent after {created_at} would be repeated",
    ),
    "restore_keys_revoked": (
        "{count} claves de API revocadas tras la copia siguen revocadas",
        "{count} API keys that were revoked after the backup stay revoked",
    ),
    "restore_keys_unknown": (
        "vuelven a valer las claves de API de la copia, también las revocadas después: vea keys list",
        "the backup's API keys work again, those revoked since too: see keys list",
    ),
    "restore_migrate": (
        "La copia tiene el esquema {found} y el programa usa {known}: ejecute whatsapp-ops migrate",
        "The backup has schema {found} and the program uses {known}: run whatsapp-ops migrate",
    ),
}
