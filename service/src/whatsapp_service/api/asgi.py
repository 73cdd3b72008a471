"""What every uvicorn worker builds for itself."""

from __future__ import annotations

import os

from starlette.types import ASGIApp

from whatsapp_service.api.application import create_app
from whatsapp_service.json_logging import configure_logging
from whatsapp_service.settings import load_settings


def build() -> ASGIApp:
    """The application from the process's environment."""
    settings = load_settings(os.environ)
    configure_logging("api", settings)
    return create_app(settings)
