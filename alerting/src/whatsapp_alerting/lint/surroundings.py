"""What the entries of a catalogue refer to outside of it."""

import json
from dataclasses import dataclass
from pathlib import Path

from whatsapp_alerting.metric_names import MetricNames, load_metric_names
from whatsapp_alerting.problems import InvalidInputError, Problem


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What exists: metrics, runbooks, dashboards."""

    metrics: MetricNames
    runbooks: Path
    dashboards: frozenset[str] | None
    """The uids; None when the dashboards are not at hand."""

    @classmethod
    def read(
        cls, reference: Path, external_metrics: Path, runbooks: Path, dashboards: Path
    ) -> "Surroundings":
        """Read the metrics' names and the dashboards' uids.

        Raises:
            InvalidInputError: the reference of metrics is missing, or a file has faults.
        """
        return cls(load_metric_names(reference, external_metrics), runbooks, _uids(dashboards))


def _uids(folder: Path) -> frozenset[str] | None:
    if not folder.is_dir():
        return None
    return frozenset(_uid(path) for path in folder.rglob("*.json"))


def _uid(path: Path) -> str:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInputError([Problem(str(path), "", "", f"is not JSON: {error}")]) from error
    return str(document.get("uid", "")) if isinstance(document, dict) else ""
