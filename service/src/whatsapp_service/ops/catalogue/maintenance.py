"""Texts of cleanup and reindex as (Spanish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "cleanup_line": ("{table}: {count} filas borradas", "{table}: {count} rows deleted"),
    "cleanup_pages": ("Páginas devueltas al disco: {count}", "Pages given back to the disk: {count}"),
    "cleanup_done": (
        "Limpieza completada exitosamente ({seconds:.1f} s)",
        "Cleanup completed ({seconds:.1f} s)",
    ),
    "reindex_index": ("Reindexado: {name}", "Reindexed: {name}"),
    "reindex_missing": ("faltan índices: {names}", "missing indexes: {names}"),
    "reindex_damaged": (
        "integrity_check encontró daños: {detail}; restaure una copia",
        "integrity_check found damage: {detail}; restore a backup",
    ),
    "reindex_done": (
        "Reindexado completado, integridad correcta ({seconds:.1f} s)",
        "Reindex completed, integrity good ({seconds:.1f} s)",
    ),
}
