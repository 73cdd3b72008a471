"""`whatsapp-api`: the HTTP API under uvicorn."""

from __future__ import annotations

import argparse
import socket
import threading
import time
from typing import Final

import uvicorn

from whatsapp_service.api.metrics import clear_worker_files
from whatsapp_service.settings import Settings
from whatsapp_service.startup import fail, prepare
from whatsapp_service.systemd_notify import notify

_POLL_SECONDS: Final = 0.05


def main() -> None:
    """Serve until SIGTERM; requests under way get REQUEST_TIMEOUT seconds to end."""
    argparse.ArgumentParser(
        prog="whatsapp-api",
        description="HTTP API of the notification service; set up by environment variables.",
    ).parse_args()
    settings = prepare("api", "api_keys", "whatsapp_app_secret", "whatsapp_verify_token")
    if settings.workers > 1 and settings.prometheus_multiproc_dir is None:
        fail("api", "PROMETHEUS_MULTIPROC_DIR: is required when WORKERS is more than 1")
    if settings.prometheus_multiproc_dir is not None:
        clear_worker_files(settings.prometheus_multiproc_dir)
    threading.Thread(target=_tell_ready, args=(settings,), daemon=True, name="readiness").start()
    uvicorn.run(
        "whatsapp_service.api.asgi:build",
        factory=True,
        host=settings.api_host,
        port=settings.api_port,
        workers=settings.workers,
        limit_concurrency=settings.max_connections,
        timeout_keep_alive=settings.keepalive_timeout,
        timeout_graceful_shutdown=int(settings.request_timeout),
        log_config=None,
        access_log=False,
        server_header=False,
    )


def _tell_ready(settings: Settings) -> None:
    """Tell systemd from this process, the unit's main one, once any worker accepts connections."""
    while True:
        try:
            socket.create_connection((settings.api_host, settings.api_port), timeout=1).close()
        except OSError:
            time.sleep(_POLL_SECONDS)
        else:
            notify("READY=1")
            return


if __name__ == "__main__":
    main()
