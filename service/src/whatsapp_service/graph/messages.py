"""Template messages: from a notification to the body of `POST /{version}/{phone-id}/messages`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import phonenumbers

from whatsapp_service.graph.errors import ErrorClass, SendError

_MAX_PARAMETER: Final = 1024


@dataclass(frozen=True, slots=True)
class TemplateMessage:
    """One message: Meta's template and language, the values of {{1}}, {{2}}, ..., our correlation id."""

    phone: str
    template: str
    language: str
    parameters: tuple[str, ...]
    callback_data: str

    def body(self) -> dict[str, object]:
        """The request body (Meta: message templates); webhooks echo `biz_opaque_callback_data`."""
        template: dict[str, object] = {"name": self.template, "language": {"code": self.language}}
        if self.parameters:
            values = [{"type": "text", "text": value} for value in self.parameters]
            template["components"] = [{"type": "body", "parameters": values}]
        return {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": self.phone.removeprefix("+"),
            "type": "template",
            "template": template,
            "biz_opaque_callback_data": self.callback_data,
        }


def render_parameters(names: Sequence[str], values: Mapping[str, object]) -> tuple[str, ...]:
    """The template's parameters in order. Raises SendError when one is missing or not usable.

    Meta refuses empty texts and line breaks, tabs or more than four spaces in a row (error 132018), so
    whitespace is collapsed.
    """
    rendered: list[str] = []
    for name in names:
        value = values.get(name)
        if value is None or isinstance(value, (dict, list)):
            raise SendError(ErrorClass.REQUEST, f"the template's variable {name} has no value")
        text = " ".join(str(value).split())
        if not text:
            raise SendError(ErrorClass.REQUEST, f"the template's variable {name} is empty")
        rendered.append(text[:_MAX_PARAMETER])
    return tuple(rendered)


def is_valid_phone(phone: str) -> bool:
    """Whether it is a possible E.164 number."""
    try:
        return phone.startswith("+") and phonenumbers.is_possible_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        return False
