"""The generated tests of one rule, each in a file of its own beside a rule file with only that rule."""

import dataclasses
from collections.abc import Container
from dataclasses import dataclass

from whatsapp_alerting.objective_tests import PACES, fast_cases, slow_cases
from whatsapp_alerting.promtool_cases import cases_file
from whatsapp_alerting.resolution import Installation, ResolvedAlert, ResolvedArea, ResolvedObjective
from whatsapp_alerting.rule_tests import alert_cases
from whatsapp_alerting.rules import rules_file

RULES = "one.rules.yml"


@dataclass(frozen=True, slots=True)
class RuleProofs:
    """A rule, what it needs around it, and the test files that prove it."""

    alert: ResolvedAlert
    installation: Installation
    objective: ResolvedObjective | None
    test_files: tuple[str, ...]
    """One case each; those in which the rule has to fire come first, since they notice most changes."""

    def rule_file(self, mutated: ResolvedAlert) -> str:
        """Return the rule file with the rule, changed or not, and the recordings that it reads."""
        if self.objective is None:
            return rules_file(self.installation, ResolvedArea("one", (mutated,), ()))
        fast, slow = (
            tuple(dataclasses.replace(one, alert=mutated) for one in alerts if one.alert is self.alert)
            for alerts in (self.objective.fast_alerts, self.objective.slow_alerts)
        )
        rules = self.objective.rules
        if fast:
            rules = dataclasses.replace(rules, slow_recordings=())
        return rules_file(self.installation, ResolvedArea("one", (), (ResolvedObjective(rules, fast, slow),)))


def proofs_of(installation: Installation, names: Container[str]) -> list[RuleProofs]:
    """Return the proofs of the rules with these names, in the order of the catalogue."""
    found: list[RuleProofs] = []
    timing = installation.timing
    for area in installation.areas:
        for alert in (one for one in area.own_alerts if one.name in names):
            paces = alert_cases(alert, timing).items()
            files = tuple(file for pace, cases in paces for file in _files(pace, cases))
            found.append(RuleProofs(alert, installation, None, files))
        for objective in area.objectives:
            chosen = [one for one in objective.alerts if one.alert.name in names]
            if not chosen:
                continue
            by_pace = {timing.evaluation_interval: list(fast_cases(objective, timing))}
            by_pace |= {pace: list(slow_cases(objective, timing, pace)) for pace in PACES}
            for burn in chosen:
                mine = {pace: _of(burn.alert, cases) for pace, cases in by_pace.items()}
                files = tuple(file for pace, cases in mine.items() for file in _files(pace, cases))
                found.append(RuleProofs(burn.alert, installation, objective, files))
    return found


def _of(alert: ResolvedAlert, cases: list[dict[str, object]]) -> list[dict[str, object]]:
    return [case for case in cases if str(case["name"]).startswith(f"{alert.name}: ")]


def _files(evaluation: int, cases: list[dict[str, object]]) -> tuple[str, ...]:
    ordered = sorted(cases, key=lambda case: not _has_to_fire(case))
    return tuple(cases_file(RULES, evaluation, [case]) for case in ordered)


def _has_to_fire(case: dict[str, object]) -> bool:
    checks = case["promql_expr_test"]
    return isinstance(checks, list) and any(check["exp_samples"] for check in checks)
