"""The series that the compiler records for objectives, and their labels."""

from collections.abc import Iterable
from dataclasses import dataclass

from promql_parser import MatchOp, VectorSelector

from whatsapp_alerting.objective_rules import LABEL, ObjectiveRules
from whatsapp_alerting.output_labels import Labels
from whatsapp_alerting.promql_tree import metric_name


@dataclass(frozen=True, slots=True)
class RecordedSeries:
    """Series name -> objective -> labels of the series."""

    by_name: dict[str, dict[str, frozenset[str]]]

    @classmethod
    def of(cls, objectives: Iterable[ObjectiveRules]) -> "RecordedSeries":
        """Collect what the objectives record."""
        found: dict[str, dict[str, frozenset[str]]] = {}
        for rules in objectives:
            carried = {*rules.objective.identity, LABEL}
            for recording in (*rules.fast_recordings, *rules.slow_recordings):
                # What is recorded as a constant has no labels but its objective's.
                labels = {LABEL} if recording.expression.startswith("vector(") else carried
                found.setdefault(recording.record, {})[rules.objective.name] = frozenset(labels)
        return cls(found)

    def __contains__(self, name: str) -> bool:
        return name in self.by_name

    def labels(self, selector: VectorSelector) -> Labels | None:
        """Return the labels of the series that are selected; None when they are not recorded ones."""
        recorded = self.by_name.get(metric_name(selector) or "")
        if recorded is None:
            return None
        asked = [
            one.value for one in selector.matchers.matchers if one.name == LABEL and one.op == MatchOp.Equal
        ]
        chosen = [labels for name, labels in recorded.items() if not asked or name in asked]
        if not chosen:
            return None
        return Labels(frozenset().union(*chosen), frozenset.intersection(*chosen))
