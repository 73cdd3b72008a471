"""Definitions of metrics: what every collector exposes is defined beside it, the rest here."""
