"""The mutants that no test can tell from their rule, with the reason (`equivalent_mutants.yml`)."""

from pathlib import Path

from pydantic import Field, TypeAdapter, ValidationError

from whatsapp_alerting.alert import AlertName, CatalogModel
from whatsapp_alerting.loading import read_yaml
from whatsapp_alerting.problems import InvalidInputError, Problem


class EquivalentMutant(CatalogModel):
    """A mutant, and why it makes no difference."""

    alert: AlertName
    change: str = Field(min_length=3, description="As `whatsapp-alerting mutate` writes it")
    reason: str = Field(min_length=10)

    @property
    def name(self) -> str:
        """Rule and change, as of the mutant."""
        return f"{self.alert}: {self.change}"


def load_equivalents(path: Path) -> dict[str, EquivalentMutant]:
    """Return the listed mutants by name.

    Raises:
        InvalidInputError: the file cannot be read or does not fit.
    """
    try:
        listed = TypeAdapter(list[EquivalentMutant]).validate_python(read_yaml(path) or [])
    except ValidationError as error:
        raise InvalidInputError(
            [
                Problem(str(path), "", ".".join(str(part) for part in detail["loc"]), detail["msg"])
                for detail in error.errors()
            ]
        ) from error
    names = [one.name for one in listed]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InvalidInputError([Problem(str(path), name, "", "is listed twice") for name in repeated])
    return dict(zip(names, listed, strict=True))
