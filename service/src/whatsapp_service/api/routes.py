"""The table of all operations: routes, authorisation and OpenAPI document are made from it."""

from __future__ import annotations

from typing import Final

from whatsapp_service.api.monitoring_routes import MONITORING, WEBHOOK
from whatsapp_service.api.notification_routes import NOTIFICATIONS
from whatsapp_service.api.operator_routes import ACCOUNT, CONTACTS, PAUSES

# Fixed paths stand before /{id}, which takes any word.
OPERATIONS: Final = (*MONITORING, *ACCOUNT, *PAUSES, *WEBHOOK, *NOTIFICATIONS, *CONTACTS)
