"""Every text of the commands as (Spanish, English), by key."""

from whatsapp_service.ops.catalogue import (
    backup,
    command_help,
    data_import,
    diagnosis,
    general,
    maintenance,
    report,
    restore,
    webhook,
)

CATALOGUE: dict[str, tuple[str, str]] = {
    **backup.TEXTS,
    **command_help.TEXTS,
    **data_import.TEXTS,
    **diagnosis.TEXTS,
    **general.TEXTS,
    **maintenance.TEXTS,
    **report.TEXTS,
    **restore.TEXTS,
    **webhook.TEXTS,
}
