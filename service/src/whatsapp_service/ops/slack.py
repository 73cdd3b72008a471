"""Messages to the team's Slack channel through an incoming webhook."""

import ssl

import httpx

from whatsapp_service.ops.errors import TransientError
from whatsapp_service.ops.texts import Texts

_TIMEOUT_SECONDS = 10.0


def send_slack_message(url: str, text: str, *, tls: ssl.SSLContext, texts: Texts) -> None:
    """Post ``{"text": text}`` to the webhook.

    The URL is a secret, so no error tells it.

    Raises:
        TransientError: Slack cannot be reached or did not answer 2xx.
    """
    try:
        with httpx.Client(verify=tls, timeout=_TIMEOUT_SECONDS) as client:
            response = client.post(url, json={"text": text})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TransientError(texts("slack_failed", detail=type(error).__name__)) from None
    if not response.is_success:
        raise TransientError(texts("slack_failed", detail=f"HTTP {response.status_code}"))
