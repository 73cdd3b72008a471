"""Texts of the webhook test as (Spanish, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "webhook_handshake": ("verificación (GET)", "handshake (GET)"),
    "webhook_wrong_token": (
        "verificación con otro token rechazada (GET)",
        "handshake with another token refused (GET)",
    ),
    "webhook_signed": ("estado firmado (POST)", "signed status (POST)"),
    "webhook_unsigned": ("estado sin firma rechazado (POST)", "unsigned status refused (POST)"),
    "webhook_line": ("{mark} {name}: HTTP {status}", "{mark} {name}: HTTP {status}"),
    "webhook_failed": (
        "el webhook no respondió como Meta espera",
        "the webhook did not answer as Meta expects",
    ),
    "webhook_unreachable": ("el webhook no responde ({detail})", "the webhook does not answer ({detail})"),
}
