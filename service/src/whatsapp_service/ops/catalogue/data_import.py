"""Texts of the import as (Spanish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "import_unreadable": ("no se puede leer {path}: {detail}", "cannot read {path}: {detail}"),
    "import_too_big": (
        "{path} pasa de {limit} MB; divídalo en varios documentos",
        "{path} is larger than {limit} MB; split it into several documents",
    ),
    "import_not_json": (
        "{path} no es un documento JSON válido (línea {line})",
        "{path} is not a valid JSON document (line {line})",
    ),
    "import_bad_shape": (
        "el documento debe ser un objeto con las listas empresas, contactos y plantillas: {detail}",
        "the document must be an object with the lists empresas, contactos and plantillas: {detail}",
    ),
    "import_line": (
        "{section}: {created} creados, {updated} actualizados, {unchanged} sin cambio, {rejected} rechazados",
        "{section}: {created} created, {updated} updated, {unchanged} unchanged, {rejected} rejected",
    ),
    "import_rejected_row": (
        "rechazado {section}[{position}] (id {identifier}): {reason}",
        "rejected {section}[{position}] (id {identifier}): {reason}",
    ),
    "import_more_rejected": ("... y {count} rechazados más", "... and {count} more rejected"),
    "import_some_rejected": (
        "{count} filas rechazadas; las demás quedaron guardadas",
        "{count} rows rejected; the others were saved",
    ),
    "reason_phone": ("telefono no es un número válido", "telefono is not a valid number"),
    "reason_duplicate": ("identificador repetido en el documento", "identifier repeated in the document"),
    "reason_company": (
        "la empresa {empresa_id} no existe",
        "company {empresa_id} does not exist",
    ),
    "reason_field": ("campo {name}: {detail}", "field {name}: {detail}"),
    "reason_not_object": ("no es un objeto", "not an object"),
    "field_missing": ("falta", "missing"),
    "field_invalid": ("valor no válido", "invalid value"),
    "field_unknown": ("campo desconocido", "unknown field"),
    "field_zone": ("zona horaria desconocida", "unknown time zone"),
    "field_hour": ("debe ser HH:MM", "must be HH:MM"),
    "field_days": ("días distintos de 1 (lunes) a 7", "different days from 1 (Monday) to 7"),
}
