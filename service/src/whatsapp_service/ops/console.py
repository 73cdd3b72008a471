"""What a command tells: results on standard output, warnings and errors on standard error."""

from dataclasses import dataclass, field
from typing import TextIO

import orjson

from whatsapp_service.ops.texts import Texts


@dataclass(slots=True)
class Console:
    """Where the commands write; with `as_json` only the JSON result goes to `out`."""

    out: TextIO
    err: TextIO
    texts: Texts
    as_json: bool = False
    warnings: list[str] = field(default_factory=list)

    @property
    def on_terminal(self) -> bool:
        """Whether somebody reads the result on a terminal."""
        return self.out.isatty()

    def line(self, text: str) -> None:
        """One line of the result for people."""
        if not self.as_json:
            self.out.write(f"{text}\n")

    def result(self, document: object) -> None:
        """The whole result for programs; dataclasses and aware datetimes may be in it."""
        if self.as_json:
            self.out.write(orjson.dumps(document, option=orjson.OPT_INDENT_2, default=str).decode() + "\n")

    def warn(self, detail: str) -> None:
        """Something that an operator should know and that does not stop the command."""
        self.warnings.append(detail)
        self.err.write(self.texts("warning", detail=detail) + "\n")

    def error(self, detail: str) -> None:
        """Why the command failed, in one line."""
        self.err.write("whatsapp-ops: " + self.texts("error", detail=" ".join(detail.split())) + "\n")
