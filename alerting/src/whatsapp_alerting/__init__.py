"""Alert catalogue and its compiler to Prometheus rules and Alertmanager routes."""
