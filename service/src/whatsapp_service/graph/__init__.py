"""The client of Meta's WhatsApp Cloud API."""
