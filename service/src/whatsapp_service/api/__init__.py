"""The HTTP API: notifications, webhooks, health and metrics."""
