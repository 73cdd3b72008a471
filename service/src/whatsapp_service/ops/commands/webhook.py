"""``whatsapp-ops webhook-test``."""

import argparse
from dataclasses import asdict

import httpx

from whatsapp_service.ops.context import OpsContext, secret_value
from whatsapp_service.ops.errors import PermanentError, TransientError
from whatsapp_service.ops.webhook_check import check_webhook


def run(context: OpsContext, options: argparse.Namespace) -> int:
    """Try the webhook at the URL with the configured token and secret."""
    settings, console, texts = context.settings, context.console, context.texts
    settings.require("whatsapp_verify_token", "whatsapp_app_secret")
    try:
        steps = check_webhook(
            options.url,
            verify_token=secret_value(settings.whatsapp_verify_token) or "",
            app_secret=secret_value(settings.whatsapp_app_secret) or "",
            now=context.now(),
            tls=context.tls(),
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # The error's text may repeat the URL with the token.
        raise TransientError(texts("webhook_unreachable", detail=type(error).__name__)) from None
    for step in steps:
        mark = "✅" if step.passed else "❌"
        console.line(texts("webhook_line", mark=mark, name=texts(step.name), status=step.status))
    console.result({"steps": [asdict(step) for step in steps]})
    if not all(step.passed for step in steps):
        raise PermanentError(texts("webhook_failed"))
    return 0
