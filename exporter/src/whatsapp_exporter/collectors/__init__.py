"""The collectors, one folder each: its configuration, its metrics, its code, a README and a golden page."""
