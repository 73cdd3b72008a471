"""Simulators of what lies outside: the Graph API, Slack, SMTP, SNS, a heartbeat checker, traffic."""
