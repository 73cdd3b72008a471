"""Client of libSQL servers: Hrana over HTTP (tursodatabase/libsql, docs/HRANA_3_SPEC.md)."""
