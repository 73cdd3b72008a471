"""The parts of the running stack: what each is, where it answers, and whether it does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

State = Literal["up", "waiting", "absent", "broken"]


@dataclass(frozen=True)
class Login:
    """How one signs in to a part: a user and password (basic auth), or a header."""

    user: str = ""
    password: str = field(default="", repr=False)
    header: str = ""
    value: str = field(default="", repr=False)

    def text(self) -> str:
        """Return the login for people."""
        return f"{self.header}: {self.value}" if self.header else f"{self.user} / {self.password}"


@dataclass(frozen=True)
class Part:
    """One part of the stack and its state."""

    name: str
    state: State
    detail: str = ""
    address: str = ""
    login: Login | None = None

    @property
    def broken(self) -> bool:
        """Tell whether the part does not do what it is there for (`absent` is a choice, not a fault)."""
        return self.state in {"broken", "waiting"}
