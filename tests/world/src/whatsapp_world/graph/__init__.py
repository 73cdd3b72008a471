"""Simulator of Meta's Graph API, as far as sending WhatsApp template messages needs it."""
