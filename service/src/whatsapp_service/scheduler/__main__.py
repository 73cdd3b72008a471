"""`whatsapp-scheduler`: sends what is due until SIGTERM."""

from __future__ import annotations

import argparse
import importlib
import os

from whatsapp_service.startup import prepare


def main() -> None:
    """Check the settings and the schema, then run the scheduler."""
    argparse.ArgumentParser(
        prog="whatsapp-scheduler",
        description="Sends due notifications through the Graph API; set up by environment variables.",
    ).parse_args()
    settings = prepare("scheduler", "whatsapp_access_token", "whatsapp_phone_number_id")
    # prometheus_client reads this variable when it is imported, and would write among the files of the API's
    # workers.
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    importlib.import_module("whatsapp_service.scheduler.daemon").run(settings)


if __name__ == "__main__":
    main()
