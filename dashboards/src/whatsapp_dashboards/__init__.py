"""Grafana dashboards built in Python."""
