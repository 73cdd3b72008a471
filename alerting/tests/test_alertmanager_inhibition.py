"""Every inhibition of the catalogue, on one running Alertmanager."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from alerting_world import PATIENCE, AlertmanagerProcess, HttpSink, MailSink
from delivery import changed, firing, overrides, start
from whatsapp_alerting.alert import Inhibition
from whatsapp_alerting.catalog import Catalog
from whatsapp_alerting.resolution import Installation, ResolvedAlert, resolve

LONG_GROUP_WAIT = 600
"""Seconds: nothing is notified during the test."""


@dataclass(frozen=True, eq=False)
class Case:
    """One inhibition: labels of its source and target, and of targets that something tells apart from it."""

    name: str
    source: str
    source_labels: dict[str, str]
    target: str
    target_labels: dict[str, str]
    others: tuple[dict[str, str], ...]


def _labels(alert: ResolvedAlert, narrowed: dict[str, str], equal: dict[str, str]) -> dict[str, str]:
    """Return labels that the alert has in one of its faults, with those that the inhibition asks for."""
    faults = [fault.labels for fault in alert.entry.signal.faults]
    fitting = [labels for labels in faults if narrowed.items() <= labels.items()]
    return {**(fitting or faults)[0], **narrowed, **equal}


def _case(installation: Installation, target: ResolvedAlert, inhibition: Inhibition, number: int) -> Case:
    """Return the inhibition with its own values in the labels that must agree, so that no two cases meet."""
    source = installation.alert(inhibition.alert)
    equal = {label: f"{label}-{number}" for label in inhibition.equal}
    labels = _labels(target, inhibition.target_labels, equal)
    return Case(
        " ".join([source.name, *inhibition.source_labels.values(), "inhibits", target.name, str(number)]),
        source.name,
        _labels(source, inhibition.source_labels, equal),
        target.name,
        labels,
        tuple({**labels, label: f"another-{number}"} for label in inhibition.equal),
    )


def _until(ask: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not ask():
        Event().wait(0.1)


def test_every_inhibition_of_the_catalogue(
    catalog: Catalog,
    alertmanager: AlertmanagerProcess,
    http_sink: HttpSink,
    mail_sink: MailSink,
    tmp_path: Path,
) -> None:
    installation = resolve(
        changed(catalog, lambda _: {}, LONG_GROUP_WAIT), overrides(tmp_path, http_sink, mail_sink)
    )
    start(installation, alertmanager, tmp_path)
    pairs = [(alert, one) for alert in installation.alerts for one in alert.entry.inhibited_by]
    cases = [_case(installation, alert, one, number) for number, (alert, one) in enumerate(pairs)]
    assert cases

    def states() -> dict[frozenset[tuple[str, str]], dict[str, Any]]:
        return {frozenset(one["labels"].items()): one for one in alertmanager.known()}

    def key(alert: dict[str, Any]) -> frozenset[tuple[str, str]]:
        return frozenset(alert["labels"].items())

    targets = {case: firing(installation, case.target, case.target_labels) for case in cases}
    others = {case: [firing(installation, case.target, labels) for labels in case.others] for case in cases}
    alertmanager.post([*targets.values(), *(one for many in others.values() for one in many)])

    known = states()
    alone = {case.name: known[key(targets[case])]["status"]["state"] for case in cases}
    assert {name for name, state in alone.items() if state != "active"} == set()

    fires = {case: firing(installation, case.source, case.source_labels) for case in cases}
    alertmanager.post(list(fires.values()))

    def inhibited() -> set[str]:
        known = states()
        sources = {case: known.get(key(fires[case]), {}).get("fingerprint") for case in cases}
        return {
            case.name for case in cases if sources[case] in known[key(targets[case])]["status"]["inhibitedBy"]
        }

    _until(lambda: len(inhibited()) == len({case.name for case in cases}))
    assert {case.name for case in cases} - inhibited() == set()
    known = states()
    assert all(known[key(targets[case])]["status"]["state"] == "suppressed" for case in cases)
    wrongly = [
        (case.name, one["labels"])
        for case in cases
        for one in others[case]
        if known[key(one)]["status"]["state"] != "active"
    ]
    assert wrongly == []

    alertmanager.post([firing(installation, case.source, case.source_labels, ended=True) for case in cases])
    _until(lambda: not inhibited())
    assert inhibited() == set(), "the target is heard again when the source has ended"
