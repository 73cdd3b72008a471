"""What operators change about templates, and the webhooks that Meta then sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from whatsapp_world.clock import Clock
from whatsapp_world.graph import fields, webhook_fields
from whatsapp_world.graph.fields import InvalidFieldError
from whatsapp_world.graph.templates import PAUSE_SECONDS, PAUSE_TITLES, TemplateList, TemplateState
from whatsapp_world.graph.webhook_payload import Change

ANNOUNCED_SECONDS: Final = 86_400
_MEMBERS: Final = (
    "name",
    "language",
    "status",
    "quality",
    "category",
    "reason",
    "title",
    "description",
    "announce_category",
    "webhook",
)


class TemplateManagement:
    """Changes to templates; each says in a webhook what Meta would say, unless told ``"webhook": false``."""

    def __init__(self, templates: TemplateList | None, clock: Clock, emit: Callable[[Change], None]) -> None:
        """``emit`` sends a webhook."""
        self._templates = templates
        self._clock = clock
        self._emit = emit

    def documents(self) -> dict[str, object]:
        """Return the templates: ``{"items", "total"}``."""
        items = [state.document() for state in self._templates or ()]
        return {"items": items, "total": len(items)}

    def find(self, document: Mapping[str, object]) -> TemplateState:
        """Return the template that ``name`` (and ``language``) means; raise InvalidFieldError."""
        name, language = fields.required_text(document, "name"), fields.text(document, "language")
        for state in self._templates or ():
            if state.template.name == name and language in {None, state.template.language}:
                return state
        raise InvalidFieldError("there is no such template; --templates-file gives them")

    def change(self, document: Mapping[str, object]) -> dict[str, object]:
        """Change a template's status, quality or category; return its state. Raises InvalidFieldError.

        A PAUSED template is resumed after 3 hours the first time and after 6 the second; the third time it
        is DISABLED, as Meta does. ``title`` says otherwise: RATE_LIMITING_PAUSE lasts until it is lifted.
        """
        fields.only(document, _MEMBERS)
        state = self.find(document)
        status, quality = fields.enum_value(document, "status"), fields.enum_value(document, "quality")
        category = fields.enum_value(document, "category")
        announced = fields.enum_value(document, "announce_category")
        say = fields.boolean(document, "webhook") is not False
        if status is not None:
            self._set_status(state, status, document, say=say)
        if quality is not None and quality != state.quality:
            previous, state.quality = state.quality, quality
            if say:
                self._say("message_template_quality_update", webhook_fields.template_quality(state, previous))
        if announced is not None and say:
            at = int(self._now().timestamp()) + ANNOUNCED_SECONDS
            self._say(
                "template_category_update", webhook_fields.template_category(state, new=announced, at=at)
            )
        if category is not None and category.lower() != state.template.category:
            state.recategorize(category.lower())
            if say:
                self._say("template_category_update", webhook_fields.template_category(state, new=category))
        return state.document()

    def resume(self) -> None:
        """End the pauses whose time is over, as Meta does by itself."""
        now = self._clock.monotonic()
        for state in self._templates or ():
            if state.resumes_at is not None and state.resumes_at <= now:
                state.status, state.resumes_at = "APPROVED", None
                value = webhook_fields.template_status(
                    state,
                    "REINSTATED",
                    title="UNPAUSE",
                    description="Your WhatsApp message template has been unpaused.",
                    now=self._now(),
                )
                self._say("message_template_status_update", value)

    def _set_status(
        self, state: TemplateState, status: str, document: Mapping[str, object], *, say: bool
    ) -> None:
        title, description = fields.enum_value(document, "title"), fields.text(document, "description")
        reason = fields.enum_value(document, "reason") or "NONE"
        state.resumes_at = None
        if status == "PAUSED" and title is None:
            if state.pauses >= len(PAUSE_SECONDS):
                status, title = "DISABLED", "DISABLED"
            else:
                title = PAUSE_TITLES[state.pauses]
                state.resumes_at = self._clock.monotonic() + PAUSE_SECONDS[state.pauses]
                hours = int(PAUSE_SECONDS[state.pauses] // 3_600)
                description = description or (
                    f"Your WhatsApp message template has been paused for {hours} hours because it had issues."
                )
                state.pauses += 1
        state.rejected_reason = reason if status == "REJECTED" else "NONE"
        # REINSTATED is an event; the template is approved again.
        state.status = "APPROVED" if status == "REINSTATED" else status
        if say:
            value = webhook_fields.template_status(
                state, status, reason=reason, title=title, description=description, now=self._now()
            )
            self._say("message_template_status_update", value)

    def _say(self, field: str, value: Mapping[str, object]) -> None:
        self._emit(Change(field, value))

    def _now(self) -> datetime:
        return self._clock.now()
