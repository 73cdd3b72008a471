"""Running the tests of each rule against its mutants, several at a time."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from whatsapp_alerting.mutation.equivalents import EquivalentMutant
from whatsapp_alerting.mutation.mutants import Mutant, mutants
from whatsapp_alerting.mutation.proofs import RULES, RuleProofs
from whatsapp_alerting.tools import WORKERS, run, tool

_TEST = "case.test.yml"


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    """A test failed, as it should."""
    SURVIVED = "survived"
    """All tests passed: nobody would notice."""
    EQUIVALENT = "equivalent"
    """All tests passed, and the list says why."""
    NOT_EQUIVALENT = "killed, and listed as equivalent"
    UNPROVEN = "the rule fails a test without any change"


FAILURES = frozenset({Fate.SURVIVED, Fate.NOT_EQUIVALENT, Fate.UNPROVEN})


@dataclass(frozen=True, slots=True)
class Outcome:
    """A mutant's fate."""

    alert: str
    change: str
    fate: Fate


def check_mutants(
    proofs: Sequence[RuleProofs],
    equivalents: Mapping[str, EquivalentMutant],
    done: Callable[[int, int], None] = lambda _done, _all: None,
) -> Iterator[Outcome]:
    """Return the fate of every mutant of the rules, in order; tells `done` how many of all have one.

    A rule that fails one of its tests unchanged has that fate and no mutants.

    Raises:
        MissingToolError: promtool is not on the PATH.
    """
    promtool = tool("promtool")
    with ThreadPoolExecutor(WORKERS) as pool:
        rules = list(pool.map(lambda one: _passes(promtool, one, one.rule_file(one.alert)), proofs))
        tasks: list[tuple[RuleProofs, Mutant]] = []
        for one, passed in zip(proofs, rules, strict=True):
            if passed:
                tasks += [(one, mutant) for mutant in mutants(one.alert)]
            else:
                yield Outcome(one.alert.name, "", Fate.UNPROVEN)

        def survived(task: tuple[RuleProofs, Mutant]) -> bool:
            one, mutant = task
            return _passes(promtool, one, one.rule_file(mutant.mutated))

        for number, ((_, mutant), alive) in enumerate(
            zip(tasks, pool.map(survived, tasks), strict=True), start=1
        ):
            done(number, len(tasks))
            yield Outcome(mutant.original.name, mutant.change, _fate(mutant, equivalents, survived=alive))


def _fate(mutant: Mutant, equivalents: Mapping[str, EquivalentMutant], *, survived: bool) -> Fate:
    listed = mutant.name in equivalents
    if survived:
        return Fate.EQUIVALENT if listed else Fate.SURVIVED
    return Fate.NOT_EQUIVALENT if listed else Fate.KILLED


def _passes(promtool: str, proofs: RuleProofs, rule_file: str) -> bool:
    """Say whether the rule file passes every test; stops at the first that fails."""
    with tempfile.TemporaryDirectory(prefix="whatsapp-mutant-") as folder:
        rules, test = Path(folder) / RULES, Path(folder) / _TEST
        rules.write_text(rule_file, encoding="utf-8")
        for content in proofs.test_files:
            test.write_text(content, encoding="utf-8")
            if not run(proofs.alert.name, [promtool, "test", "rules", str(test)]).passed:
                return False
    return True
