"""The words of the notifications, in each language. The emoji are those of the operations manual."""

from whatsapp_alerting.alert import Language, Severity

EMOJI = {Severity.CRITICAL: "🚨", Severity.WARNING: "⚠️", Severity.INFO: "ℹ️"}  # noqa: RUF001 - the manual's sign
RESOLVED_EMOJI = "✅"

SEVERITY = {
    Language.ES: {Severity.CRITICAL: "CRÍTICO", Severity.WARNING: "ADVERTENCIA", Severity.INFO: "INFO"},
    Language.EN: {Severity.CRITICAL: "CRITICAL", Severity.WARNING: "WARNING", Severity.INFO: "INFO"},
}

WORDS = {
    Language.ES: {
        "resolved": "RESUELTO",
        "value": "Valor",
        "host": "Servidor",
        "since": "Desde",
        "until": "Hasta",
        "runbook": "Guía",
        "dashboard": "Panel",
        "silence": "Silenciar",
        "escalated": "ESCALADO",
        "sms_since": "desde",
    },
    Language.EN: {
        "resolved": "RESOLVED",
        "value": "Value",
        "host": "Host",
        "since": "Since",
        "until": "Until",
        "runbook": "Runbook",
        "dashboard": "Dashboard",
        "silence": "Silence",
        "escalated": "ESCALATED",
        "sms_since": "since",
    },
}
