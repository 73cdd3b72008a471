"""From the catalogue and an overrides file to the files that are deployed."""

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from whatsapp_alerting.alert import Language
from whatsapp_alerting.catalog import Area, Root
from whatsapp_alerting.lint import Surroundings, check_catalog, check_overrides
from whatsapp_alerting.loading import load_catalog, load_overrides
from whatsapp_alerting.resolution import Installation, resolve
from whatsapp_alerting.routes import alertmanager_file
from whatsapp_alerting.routing_tests import routing_tests_file
from whatsapp_alerting.rule_tests import rule_test_files
from whatsapp_alerting.rules import rules_file
from whatsapp_alerting.templates import template_files

RULES = "rules"
ALERTMANAGER = "alertmanager/alertmanager.yml"
TEMPLATES = "alertmanager/templates"
RULE_TESTS = "tests/rules"
ROUTING_TESTS = "tests/routing.yml"

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the hand-written files are, and what they refer to."""

    catalog: Path
    overrides: Path
    runbooks: Path
    metrics: Path = _ROOT.parent / "docs/metrics.md"
    """The reference page of the stack's own metrics."""
    external_metrics: Path = _ROOT / "external_metrics.yml"
    dashboards: Path = _ROOT.parent / "dashboards/json"
    equivalent_mutants: Path = _ROOT / "equivalent_mutants.yml"

    @classmethod
    def in_repository(cls) -> "Sources":
        """Return the files beside this package in the project's tree."""
        return cls(_ROOT / "catalog.yml", _ROOT / "overrides.yml", _ROOT / "runbooks")


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the compiled files go; `None` leaves one out."""

    directory: Path
    docs: Path | None = None
    schema: Path | None = None

    @classmethod
    def in_repository(cls) -> "Targets":
        """Return the places of the files that the project keeps compiled."""
        return cls(_ROOT / "compiled", _ROOT.parent / "docs/alerts.md", _ROOT / "catalog.schema.json")


def read_installation(sources: Sources, language: Language | None = None) -> Installation:
    """Read, check and resolve the sources; `language` goes before the overrides' own.

    Raises:
        InvalidInputError: a file has faults.
    """
    catalog = load_catalog(sources.catalog)
    surroundings = Surroundings.read(
        sources.metrics, sources.external_metrics, sources.runbooks, sources.dashboards
    )
    check_catalog(catalog, sources.catalog, surroundings)
    overrides = load_overrides(sources.overrides)
    check_overrides(overrides, catalog, sources.overrides, surroundings)
    if language is not None:
        overrides = overrides.model_copy(update={"language": language})
    return resolve(catalog, overrides)


def compiled_files(installation: Installation) -> dict[str, str]:
    """Return path below the output directory -> content. The same input gives the same bytes."""
    return {
        **{f"{RULES}/{area.name}.rules.yml": rules_file(installation, area) for area in installation.areas},
        ALERTMANAGER: alertmanager_file(installation),
        **{f"{TEMPLATES}/{name}": content for name, content in template_files(installation).items()},
        # They prove the catalogue's own durations.
        **(rule_test_files(installation) if installation.overrides.time_compression == 1 else {}),
        ROUTING_TESTS: routing_tests_file(installation),
    }


def catalog_schema() -> str:
    """Return the JSON Schema of `catalog.yml` and of the files that it includes, for editors and programs."""
    schema = TypeAdapter(Root | Area).json_schema(by_alias=True)
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"
