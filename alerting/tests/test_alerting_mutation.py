"""Rules that are changed a little: the generated tests notice."""

import dataclasses
import json
from pathlib import Path

import pytest
from whatsapp_alerting.__main__ import main
from whatsapp_alerting.alert import Kind
from whatsapp_alerting.compilation import Sources
from whatsapp_alerting.mutation.check import Fate, Outcome, check_mutants
from whatsapp_alerting.mutation.equivalents import EquivalentMutant, load_equivalents
from whatsapp_alerting.mutation.mutants import mutants
from whatsapp_alerting.mutation.proofs import RuleProofs, proofs_of
from whatsapp_alerting.problems import InvalidInputError
from whatsapp_alerting.resolution import Installation, ResolvedAlert

OF_EACH_KIND = {
    Kind.THRESHOLD: "WhatsAppHighErrorRate",
    Kind.STATE: "WhatsAppGraphApiDown",
    Kind.ABSENCE: "ScrapeJobMissing",
    Kind.ALWAYS: "Watchdog",
}
OF_AN_OBJECTIVE = "ApiAvailabilityBurn6h"


@pytest.fixture(scope="module")
def proofs(installation: Installation) -> dict[str, RuleProofs]:
    return {one.alert.name: one for one in proofs_of(installation, {*OF_EACH_KIND.values(), OF_AN_OBJECTIVE})}


def with_condition(alert: ResolvedAlert, condition: str, **thresholds: float) -> ResolvedAlert:
    entry = alert.entry.model_copy(update={"condition": condition})
    return dataclasses.replace(alert, entry=entry, condition=condition, thresholds=thresholds)


def test_comparisons_are_negated_outside_of_selectors_and_strings(installation: Installation) -> None:
    condition = '# a > b\nx{a!="<",b=~"{"} >= 1 and label_replace(y, "a", ">", "b", "c") != 0 or z < 2'
    alert = with_condition(installation.alert("WhatsAppGraphApiDown"), condition)

    changes = {one.change: one.mutated.condition for one in mutants(alert)}

    assert list(changes) == [
        ">= of comparison 1 becomes <",
        "!= of comparison 2 becomes ==",
        "< of comparison 3 becomes >=",
        "for is doubled",
        "escalate_after is doubled",
    ]
    assert changes["!= of comparison 2 becomes =="] == condition.replace("!= 0", "== 0")


def test_thresholds_go_far_off_towards_silence(installation: Installation) -> None:
    alert = installation.alert("AlertsNotReachingAlertmanager")

    changes = {one.change: one.mutated.condition for one in mutants(alert)}

    assert "< 10" in changes["alertmanagers is 10 times as much"]
    assert "< 0.1" in changes["alertmanagers is a 10th"]
    assert ">= 30" in changes["lost_notifications is 10 times as much"]
    assert "lost_notifications is a 10th" not in changes


def test_wait_is_doubled_and_texts_stay(installation: Installation) -> None:
    alert = installation.alert("WhatsAppHighErrorRate")

    (doubled,) = [one for one in mutants(alert) if one.change == "for is doubled"]

    assert (doubled.mutated.hold, doubled.mutated.condition) == (600, alert.condition)
    assert doubled.name == "WhatsAppHighErrorRate: for is doubled"


@pytest.mark.parametrize("kind", list(Kind))
def test_every_mutant_of_a_rule_of_each_kind_is_killed(proofs: dict[str, RuleProofs], kind: Kind) -> None:
    chosen = proofs[OF_EACH_KIND[kind]]
    assert chosen.alert.entry.kind is kind

    outcomes = list(check_mutants([chosen], {}))

    assert {one.fate for one in outcomes} <= {Fate.KILLED}
    assert bool(outcomes) == (kind is not Kind.ALWAYS)
    escalates = chosen.alert.entry.escalate_after is not None
    assert ("escalate_after is doubled" in {one.change for one in outcomes}) == escalates


def test_every_mutant_of_a_burn_rate_is_killed(proofs: dict[str, RuleProofs]) -> None:
    outcomes = list(check_mutants([proofs[OF_AN_OBJECTIVE]], {}))

    assert {one.change for one in outcomes} >= {
        "error_ratio is 10 times as much",
        "minimum_events is 10 times as much",
        "for is doubled",
    }
    assert {one.fate for one in outcomes} == {Fate.KILLED}


def test_only_the_proof_of_the_escalation_notices_its_wait(proofs: dict[str, RuleProofs]) -> None:
    known = proofs["WhatsAppGraphApiDown"]
    without = tuple(one for one in known.test_files if 'escalation="true"' not in one)
    assert len(without) == len(known.test_files) - 1

    (doubled,) = (
        one.fate
        for one in check_mutants([dataclasses.replace(known, test_files=without)], {})
        if one.change == "escalate_after is doubled"
    )

    assert doubled is Fate.SURVIVED


def test_mutant_that_no_test_notices_survives_unless_it_is_listed(proofs: dict[str, RuleProofs]) -> None:
    known = proofs["WhatsAppGraphApiDown"]
    blind = dataclasses.replace(known, test_files=known.test_files[-1:])
    listed = EquivalentMutant(alert=known.alert.name, change="for is doubled", reason="For this test only.")

    unlisted = list(check_mutants([blind], {}))
    equivalent = list(check_mutants([blind], {listed.name: listed}))
    not_equivalent = list(check_mutants([known], {listed.name: listed}))

    name = known.alert.name
    assert Outcome(name, "for is doubled", Fate.SURVIVED) in unlisted
    assert Outcome(name, "for is doubled", Fate.EQUIVALENT) in equivalent
    assert Outcome(name, "for is doubled", Fate.NOT_EQUIVALENT) in not_equivalent


def test_rule_that_fails_unchanged_proves_nothing(proofs: dict[str, RuleProofs]) -> None:
    known = proofs["WhatsAppGraphApiDown"]
    broken = dataclasses.replace(known, alert=with_condition(known.alert, "vector(0) == 1"))

    assert list(check_mutants([broken], {})) == [Outcome(known.alert.name, "", Fate.UNPROVEN)]


def test_command_names_the_fate_of_every_mutant(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["mutate", "--alert", "JobFailed", "--json"])

    assert status == 0
    assert json.loads(capsys.readouterr().out) == [
        {"alert": "JobFailed", "change": "== of comparison 1 becomes !=", "fate": "killed"},
        {"alert": "JobFailed", "change": "for is doubled", "fate": "killed"},
    ]


def test_command_knows_the_alerts(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["mutate", "--alert", "Nothing"])

    assert status == 2
    assert capsys.readouterr().err == "whatsapp-alerting: no such alert: Nothing\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("- {alert: A, change: for is doubled, reason: short}", "0.alert: String should match pattern"),
        ("- {alert: JobFailed, change: for is doubled}", "0.reason: Field required"),
        (
            2 * "- {alert: JobFailed, change: it is, reason: It is alike.}\n",
            "JobFailed: it is: is listed twice",
        ),
    ],
)
def test_fault_of_the_list_is_one_line_each(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "equivalent_mutants.yml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InvalidInputError) as error:
        load_equivalents(path)

    assert str(error.value).splitlines()[0].startswith(f"{path}: {line}")


def test_listed_mutants_exist(installation: Installation, sources: Sources) -> None:
    known = {mutant.name for one in installation.alerts for mutant in mutants(one)}

    assert load_equivalents(sources.equivalent_mutants).keys() <= known


@pytest.mark.slow
def test_every_mutant_of_every_rule_is_killed(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["mutate"])

    written = capsys.readouterr().out
    assert status == 0, written
    assert written.count("\n") == 1
