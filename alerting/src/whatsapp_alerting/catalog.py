"""The alert catalogue: `catalog.yml` and the files that it includes.

The values come from the operations manual ("Sistema de Alertas", "Monitoring Avanzado con Prometheus").
"""

from typing import Annotated

from pydantic import Field, model_validator

from whatsapp_alerting.alert import Alert, CatalogModel
from whatsapp_alerting.duration import Duration
from whatsapp_alerting.objective import Objective

AreaName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")]


class Timing(CatalogModel):
    """The clock that the promises are computed with."""

    scrape_interval: Duration = Field(description="The slowest scrape of a job that the conditions read")
    evaluation_interval: Duration
    group_wait: Duration = Field(
        description="Longer than an evaluation, so that inhibiting alerts arrive first"
    )


class Area(CatalogModel):
    """One included file: what belongs together, compiled into one rule file."""

    alerts: list[Alert] = Field(default_factory=list, max_length=200)
    objectives: list[Objective] = Field(default_factory=list, max_length=50)

    @model_validator(mode="after")
    def _not_empty(self) -> "Area":
        if not self.alerts and not self.objectives:
            raise ValueError("has neither alerts nor objectives")
        return self


class Root(CatalogModel):
    """`catalog.yml` itself."""

    timing: Timing
    include: list[AreaName] = Field(
        min_length=1, max_length=50, description="Files `NAME.yml` in the folder `catalog` beside this one"
    )


class Catalog(CatalogModel):
    """The root and its areas, read."""

    timing: Timing
    areas: dict[AreaName, Area]

    @model_validator(mode="after")
    def _unique(self) -> "Catalog":
        names = [alert.name for area in self.areas.values() for alert in area.alerts]
        names += [objective.name for area in self.areas.values() for objective in area.objectives]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"defined more than once: {', '.join(repeated)}")
        return self
