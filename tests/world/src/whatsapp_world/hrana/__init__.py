"""A libSQL server: Hrana over HTTP, versions 2 and 3, over one SQLite file."""
