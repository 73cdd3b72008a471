"""Texts of backups as (Spanish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "backup_done": (
        "Backup completado: {path} ({size} bytes, {rows} filas, {seconds:.1f} s)",
        "Backup completed: {path} ({size} bytes, {rows} rows, {seconds:.1f} s)",
    ),
    "backup_pruned": ("Backups antiguos eliminados: {count}", "Old backups deleted: {count}"),
    "backup_not_pruned": (
        "no se eliminaron los backups antiguos: {detail}",
        "old backups were not deleted: {detail}",
    ),
    "backup_slack_ok": ("✅ Backup exitoso", "✅ Backup succeeded"),
    "backup_slack_failed": ("❌ Backup falló", "❌ Backup failed"),
    "backup_no_space": (
        "faltan {missing} bytes en {path} para la copia y su verificación",
        "{missing} bytes missing at {path} for the backup and its verification",
    ),
    "backup_exists": (
        "ya existe {name}; espere un segundo y repita",
        "{name} already exists; wait a second and repeat",
    ),
    "backup_counts_differ": (
        "la copia restaurada no tiene las mismas filas en {table}",
        "the restored copy does not have the same rows in {table}",
    ),
    "backup_integrity": ("integrity_check de la copia: {detail}", "integrity_check of the copy: {detail}"),
    "backup_checksum": (
        "{name} está dañado: no coincide con el sha256 de su manifiesto",
        "{name} is damaged: it does not match the sha256 in its manifest",
    ),
    "backup_size": (
        "{name} está dañado: mide {found} bytes y su manifiesto dice {expected}",
        "{name} is damaged: it is {found} bytes long and its manifest says {expected}",
    ),
    "backup_unreadable": (
        "{name} está dañado: no se puede descomprimir",
        "{name} is damaged: it cannot be decompressed",
    ),
    "backup_manifest_invalid": (
        "el manifiesto {name} no se puede leer",
        "manifest {name} cannot be read",
    ),
    "slack_failed": (
        "Slack no recibió el aviso ({detail})",
        "Slack did not take the message ({detail})",
    ),
    "backups_none": ("No hay backups en {path}", "No backups in {path}"),
    "backups_header": ("Backups disponibles:", "Available backups:"),
    "backups_line": (
        "{timestamp}  {created_at}  {size:>12} bytes  {rows:>10} filas  esquema {schema}  {state}",
        "{timestamp}  {created_at}  {size:>12} bytes  {rows:>10} rows  schema {schema}  {state}",
    ),
    "backup_state_complete": ("completo", "complete"),
    "backup_state_incomplete": (
        "incompleto (sin manifiesto o sin datos): no sirve",
        "incomplete (no manifest or no data): unusable",
    ),
}
