"""Every text of the commands as (Spanish, English), by key."""

from whatsapp_service.ops.catalogue import (
    backup,
    command_help,
    contacts,
    data_import,
    diagnosis,
    general,
    keys,
    maintenance,
    report,
    restore,
    sending,
    webhook,
)

CATALOGUE: dict[str, tuple[str, str]] = {
    **backup.TEXTS,
    **command_help.TEXTS,
    **contacts.TEXTS,
    **data_import.TEXTS,
    **diagnosis.TEXTS,
    **general.TEXTS,
    **keys.TEXTS,
    **maintenance.TEXTS,
    **report.TEXTS,
    **restore.TEXTS,
    **sending.TEXTS,
    **webhook.TEXTS,
}
