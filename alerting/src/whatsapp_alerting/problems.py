"""What is wrong in a catalogue or overrides file, one line a problem."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault that a person has to correct."""

    file: str
    entry: str
    """Alert name, or the section of the file."""
    field: str
    reason: str

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file, self.entry, self.field) if part)
        return f"{where}: {' '.join(self.reason.split())}"


class InvalidInputError(Exception):
    """A file cannot be used; `problems` lists why, in the order of the file."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
