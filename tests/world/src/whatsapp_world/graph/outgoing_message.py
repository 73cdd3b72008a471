"""Validation of ``POST /{version}/{phone-id}/messages`` bodies.

Shape after Meta's OpenAPI (schemas TemplateMessage, TextMessage, BaseMessageProperties) and the template
rules of https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages. What the OpenAPI requires
but Meta's servers fill in (``recipient_type``, ``language.policy``) may be absent.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from whatsapp_world.graph.errors import GraphError
from whatsapp_world.graph.templates import Template, TemplateList

MAX_CALLBACK_DATA = 512
MAX_BODY_TEXT = 1_024
MAX_FREE_TEXT = 4_096
_ENVELOPE_KEYS = frozenset(
    {"messaging_product", "recipient_type", "to", "type", "context", "biz_opaque_callback_data"}
)
_MESSAGE_KEYS = {kind: _ENVELOPE_KEYS | {kind} for kind in ("template", "text")}
_NOT_SIMULATED = {
    "audio",
    "contacts",
    "document",
    "image",
    "interactive",
    "location",
    "reaction",
    "sticker",
    "video",
}
_TEMPLATE_KEYS = frozenset({"name", "language", "components", "namespace"})
_TEXT_KEYS = frozenset({"body", "preview_url"})
_LANGUAGE_KEYS = frozenset({"code", "policy"})
_COMPONENT_KEYS = frozenset({"type", "sub_type", "index", "parameters"})
_PARAMETER_KEYS = frozenset({"type", "text", "parameter_name"})
_SEPARATORS = re.compile(r"[\s().+-]+")
_UNSENDABLE_TEXT = re.compile(r"[\n\t]| {5,}")


class OutgoingMessage(NamedTuple):
    """A valid request to send. ``recipient`` holds digits only; ``recipient_input`` is what was asked for."""

    kind: str
    recipient: str
    recipient_input: str
    callback_data: str | None
    template: str | None
    language: str | None
    category: str
    parameters: tuple[str, ...]


def parse_message(
    body: Mapping[str, object], *, templates: TemplateList | None, sender: str
) -> OutgoingMessage:
    """Return the message that a request body asks for.

    Without a template list any well-formed template is accepted. Raises GraphError as Meta answers.
    """
    _require_product(body)
    if body.get("recipient_type", "individual") != "individual":
        raise GraphError(100, "Param recipient_type must be one of {INDIVIDUAL}")
    recipient_input = _required_text(body, "to")
    kind = body.get("type", "text")
    if not isinstance(kind, str) or kind not in _MESSAGE_KEYS:
        if isinstance(kind, str) and kind in _NOT_SIMULATED:
            raise GraphError(131051, f"Message type {kind} is not simulated")
        raise GraphError(
            100, "Param type must be one of {AUDIO, CONTACTS, DOCUMENT, IMAGE, TEMPLATE, TEXT, VIDEO}"
        )
    _only_keys(body, _MESSAGE_KEYS[kind], where="message")
    recipient = _recipient(recipient_input, sender)
    callback_data = _callback_data(body)
    if kind == "text":
        _check_free_text(body)
        return OutgoingMessage("text", recipient, recipient_input, callback_data, None, None, "service", ())
    content = _required_object(body, "template")
    _only_keys(content, _TEMPLATE_KEYS, where="template")
    name = _required_text(content, "name", where="template")
    language = _language(content)
    parameters = _body_parameters(content)
    template = None
    if templates is not None:
        state = templates.find(name, language)
        if state is None:
            raise GraphError(132001, f"template name ({name}) does not exist in {language}")
        state.check_sendable()
        template = state.template
        _check_against(template, parameters)
    return OutgoingMessage(
        kind="template",
        recipient=recipient,
        recipient_input=recipient_input,
        callback_data=callback_data,
        template=name,
        language=language,
        category="utility" if template is None else template.category,
        parameters=tuple(text for _, text in parameters),
    )


def _require_product(body: Mapping[str, object]) -> None:
    product = body.get("messaging_product")
    if product is None:
        raise GraphError(100, message="(#100) The parameter messaging_product is required.")
    if product != "whatsapp":
        raise GraphError(100, message="(#100) Param messaging_product must be one of {WHATSAPP}")


def _required_text(body: Mapping[str, object], key: str, *, where: str = "") -> str:
    value = body.get(key)
    path = f"{where}.{key}" if where else key
    if value is None or value == "":
        if not where:
            raise GraphError(100, message=f"(#100) The parameter {key} is required.")
        raise GraphError(131008, f"{path} is required")
    if not isinstance(value, str):
        raise GraphError(100, f"Param {path} must be a string")
    return value


def _required_object(body: Mapping[str, object], key: str, *, where: str = "") -> Mapping[str, object]:
    value = body.get(key)
    path = f"{where}.{key}" if where else key
    if value is None:
        raise GraphError(131008, f"{path} is required")
    if not isinstance(value, dict):
        raise GraphError(100, f"Param {path} must be a JSON object")
    return value


def _only_keys(value: Mapping[str, object], allowed: frozenset[str], *, where: str) -> None:
    if not value.keys() <= allowed:
        unexpected = sorted(value.keys() - allowed)
        raise GraphError(100, f'Unexpected key "{unexpected[0][:40]}" on param "{where}"')


def _recipient(text: str, sender: str) -> str:
    digits = _SEPARATORS.sub("", text)
    if not (digits.isascii() and digits.isdecimal() and 7 <= len(digits) <= 15):
        raise GraphError(131009, "to is not a valid phone number")
    if digits == sender:
        raise GraphError(131021, "to is the sender's own phone number")
    return digits


def _callback_data(body: Mapping[str, object]) -> str | None:
    value = body.get("biz_opaque_callback_data")
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > MAX_CALLBACK_DATA:
        raise GraphError(
            100, f"biz_opaque_callback_data must be a string of at most {MAX_CALLBACK_DATA} characters"
        )
    return value


def _check_free_text(body: Mapping[str, object]) -> None:
    content = _required_object(body, "text")
    _only_keys(content, _TEXT_KEYS, where="text")
    if len(_required_text(content, "body", where="text")) > MAX_FREE_TEXT:
        raise GraphError(100, f"Param text.body must be at most {MAX_FREE_TEXT} characters long")


def _language(content: Mapping[str, object]) -> str:
    language = _required_object(content, "language", where="template")
    _only_keys(language, _LANGUAGE_KEYS, where="template.language")
    if language.get("policy", "deterministic") != "deterministic":
        raise GraphError(100, "Param template.language.policy must be one of {DETERMINISTIC}")
    return _required_text(language, "code", where="template.language")


def _body_parameters(content: Mapping[str, object]) -> list[tuple[str | None, str]]:
    """Return (parameter_name or None, text) of the body component, in order."""
    components = content.get("components", [])
    if not isinstance(components, list):
        raise GraphError(100, "Param template.components must be an array")
    parameters: list[tuple[str | None, str]] = []
    seen_body = False
    for index, component in enumerate(components):
        where = f"template.components[{index}]"
        if not isinstance(component, dict):
            raise GraphError(100, f"Param {where} must be a JSON object")
        _only_keys(component, _COMPONENT_KEYS, where=where)
        kind = _required_text(component, "type", where=where).lower()
        if kind not in {"header", "body", "button"}:
            raise GraphError(131009, f"{where}.type must be one of header, body, button")
        if kind == "body":
            if seen_body:
                raise GraphError(131009, f"{where}: body component given twice")
            seen_body = True
            parameters = _texts(component.get("parameters", []), where=f"{where}.parameters")
    return parameters


def _texts(values: object, *, where: str) -> list[tuple[str | None, str]]:
    if not isinstance(values, list):
        raise GraphError(100, f"Param {where} must be an array")
    texts: list[tuple[str | None, str]] = []
    for index, value in enumerate(values):
        path = f"{where}[{index}]"
        if not isinstance(value, dict):
            raise GraphError(100, f"Param {path} must be a JSON object")
        _only_keys(value, _PARAMETER_KEYS, where=path)
        if _required_text(value, "type", where=path).lower() != "text":
            raise GraphError(132012, f"{path}: expected a parameter of type text")
        text = _required_text(value, "text", where=path)
        if _UNSENDABLE_TEXT.search(text):
            raise GraphError(
                132018, "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
            )
        name = value.get("parameter_name")
        if name is not None and not isinstance(name, str):
            raise GraphError(100, f"Param {path}.parameter_name must be a string")
        texts.append((name, text))
    return texts


def _check_against(template: Template, parameters: list[tuple[str | None, str]]) -> None:
    expected = len(template.placeholders)
    if len(parameters) != expected:
        raise GraphError(
            132000,
            f"body: number of localizable_params ({len(parameters)}) does not match the expected number of"
            f" params ({expected})",
        )
    names = [name for name, _ in parameters]
    texts = [text for _, text in parameters]
    if all(placeholder.isdecimal() for placeholder in template.placeholders):
        values = {str(position): text for position, text in enumerate(texts, start=1)}
    else:
        values = {name: text for name, text in parameters if name is not None}
        if len(values) != len(names):
            raise GraphError(100, "Parameter name is missing or empty")
    if set(values) != set(template.placeholders):
        raise GraphError(132012, "body: parameter names do not match those of the template")
    if len(template.render(values)) > MAX_BODY_TEXT:
        raise GraphError(132005, f"body: text is longer than {MAX_BODY_TEXT} characters")
