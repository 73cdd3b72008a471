"""Where alerts and reports arrive: Slack webhooks, mail, heartbeats."""
