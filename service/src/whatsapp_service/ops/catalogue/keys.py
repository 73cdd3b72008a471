"""Texts of the API keys as (Spanish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "key_issued": (
        "Clave de API de {name} con los permisos {scopes}:",
        "API key of {name} with the scopes {scopes}:",
    ),
    "key_once": (
        "Guárdela ahora: no se puede volver a ver.",
        "Keep it now: it cannot be seen again.",
    ),
    "key_name_malformed": (
        "el nombre puede tener de 1 a 64 letras, cifras, puntos, guiones y guiones bajos",
        "a name may have 1 to 64 letters, digits, dots, hyphens and underscores",
    ),
    "key_name_reserved": (
        "{name} es el nombre de una clave de API_KEYS_FILE",
        "{name} is the name of a key in API_KEYS_FILE",
    ),
    "key_name_taken": (
        "{name} ya tiene una clave vigente; revóquela o use otro nombre",
        "{name} has a key that works; revoke it or use another name",
    ),
    "key_line": (
        "{name}: {scopes}; wn_{prefix}_…, emitida {created}",
        "{name}: {scopes}; wn_{prefix}_…, issued {created}",
    ),
    "key_line_revoked": (
        "{name}: {scopes}; wn_{prefix}_…, emitida {created}, REVOCADA {revoked}",
        "{name}: {scopes}; wn_{prefix}_…, issued {created}, REVOKED {revoked}",
    ),
    "key_line_file": ("{name}: {scopes}; en API_KEYS_FILE", "{name}: {scopes}; in API_KEYS_FILE"),
    "keys_none": ("No hay claves", "There are no keys"),
    "key_revoked": (
        "Clave de {name} revocada; la API la rechaza en 5 segundos como máximo",
        "Key of {name} revoked; the API refuses it within 5 seconds",
    ),
    "key_unknown": ("no hay clave vigente de {name}", "no key of {name} works"),
    "key_in_file": (
        "la clave de {name} está en API_KEYS_FILE: quítela de allí",
        "the key of {name} is in API_KEYS_FILE: take it out there",
    ),
}
