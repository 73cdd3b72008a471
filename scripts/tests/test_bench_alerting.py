"""The comparison with the manual's cron scripts: what it reads, counts, prints and writes, without a lab."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from typing import Any

import pytest
from lab import bench_alerting, cron_scripts
from lab.alert_faults import FAULTS, failures_needed, finished, successes_needed
from lab.bench_alerting import Outcome
from lab.errors import LabError
from lab.slack_messages import Heard, Message, first_about, heard, parse

BEGUN = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
HEALED = BEGUN + dt.timedelta(seconds=300)
SUMMARY = "Ningún planificador está en marcha"


def at(seconds: float) -> dt.datetime:
    return BEGUN + dt.timedelta(seconds=seconds)


def from_stack(seconds: float, title: str = f"🚨 CRÍTICO {SUMMARY} (app1)", color: str = "danger") -> Message:
    payload = {"channel": "#whatsapp-alertas", "attachments": [{"title": title, "color": color, "text": "x"}]}
    return parse({"received_at": at(seconds).isoformat(), "path": "/slack/T0secret", "payload": payload})


def from_cron(seconds: float, text: str) -> Message:
    item = {
        "received_at": at(seconds).isoformat(),
        "path": cron_scripts.SLACK_PATH,
        "payload": {"text": text},
    }
    return parse(item)


def test_messages_of_both_are_read() -> None:
    assert from_stack(5) == Message(at(5), from_cron=False, text=f"🚨 CRÍTICO {SUMMARY} (app1)")
    assert from_stack(5, color="good").resolved
    assert from_cron(7, "🚨 Sistema CAÍDO: WhatsApp Notifications API\nHTTP 502") == Message(
        at(7), from_cron=True, text="🚨 Sistema CAÍDO: WhatsApp Notifications API\nHTTP 502"
    )


def test_the_first_message_is_of_this_fault_and_not_of_an_end() -> None:
    messages = [
        from_stack(-10),
        from_stack(20, "⚠️ ADVERTENCIA Otra cosa (app1)", "warning"),
        from_stack(30, color="good"),
        from_stack(140),
        from_stack(120),
    ]

    first = first_about(messages, (SUMMARY,), BEGUN)
    assert first is not None
    assert first.at == at(120)
    assert first_about(messages, ("Nada",), BEGUN) is None


def test_what_was_heard_is_summed_up() -> None:
    messages = [
        from_stack(-10),
        from_stack(100, color="good"),
        from_stack(120),
        from_stack(200, "⚠️ ADVERTENCIA Otra cosa (app1)", "warning"),
        from_stack(420),
        from_stack(560, color="good"),
    ]

    assert heard(messages, (SUMMARY,), begun=BEGUN, healed=HEALED) == Heard(
        first=120, resolved=260, messages=5, others=1
    )
    assert heard([], (SUMMARY,), begun=BEGUN, healed=HEALED) == Heard(None, None, 0, 0)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("api", "🚨 Sistema CAÍDO: WhatsApp Notifications API\nHTTP 502"),
        ("api", "🚨 CRÍTICO WhatsApp Notifications\nSistema no saludable: "),
        ("scheduler", "⚠️ Sistema DEGRADADO: WhatsApp Notifications API\ndegraded"),
        ("scheduler", "🚨 CRÍTICO WhatsApp Notifications\nSistema no saludable: degraded"),
        ("queue", "⚠️ ADVERTENCIA WhatsApp Notifications\nCola de notificaciones alta: 131 pendientes"),
        ("errors", "⚠️ ADVERTENCIA WhatsApp Notifications\nTasa de error alta: 7.1%"),
    ],
)
def test_each_text_of_the_cron_scripts_is_about_its_fault(key: str, text: str) -> None:
    about = [fault.key for fault in FAULTS if first_about([from_cron(1, text)], fault.cron_words, BEGUN)]
    assert key in about
    assert set(about) in ({"api", "scheduler"}, {"queue"}, {"errors"})


@pytest.mark.parametrize(
    ("errors", "done", "percent"), [(0, 0, 7.0), (5, 375, 7.0), (26, 370, 7.0), (130, 10_000, 5.5)]
)
def test_so_many_failures_reach_the_share_and_one_less_does_not(
    errors: int, done: int, percent: float
) -> None:
    needed = failures_needed(errors, done, percent)
    if done:
        assert 100 * (errors + needed) / (done + needed) >= percent
    if needed:
        assert done + needed == 1 or 100 * (errors + needed - 1) / (done + needed - 1) < percent


@pytest.mark.parametrize(("errors", "done"), [(0, 0), (5, 375), (40, 400), (631, 9_000)])
def test_so_many_successes_dilute_and_one_less_does_not(errors: int, done: int) -> None:
    needed = successes_needed(errors, done, 4.5)
    if done:
        assert 100 * errors / (done + needed) <= 4.5
    if needed:
        assert 100 * errors / (done + needed - 1) > 4.5


def test_finished_is_counted_as_the_service_does() -> None:
    figures = {"total_notificaciones": 100, "enviadas": 98, "errores": 5}
    assert finished(figures) == 100
    assert finished({**figures, "enviadas": 60}) == 65


def outcome(stack: Heard, cron: Heard) -> Outcome:
    return Outcome("scheduler stopped", "SchedulerNotRunning", 180, 420.4, stack, cron)


def test_the_table_shows_what_did_not_come() -> None:
    told = outcome(Heard(121.4, 260.2, 3, 1), Heard(75.0, None, 6, 0))
    silent = outcome(Heard(None, None, 0, 0), Heard(None, None, 0, 0))
    head, first, second = (line.split() for line in bench_alerting.table([told, silent]).splitlines())

    assert head[:3] == ["fault", "this", "stack"]
    assert " ".join(first) == "scheduler stopped 121 s < 180 s: met 75 s 420 s 3 (1 other) 6 260 s none"
    assert " ".join(second) == "scheduler stopped none < 180 s: missed none 420 s 0 0 none none"


def test_the_document_has_figures_with_targets_and_each_fault() -> None:
    told = outcome(Heard(121.4, 260.2, 3, 1), Heard(None, None, 0, 0))
    silent = outcome(Heard(None, None, 0, 0), Heard(75.0, None, 6, 0))
    report: dict[str, Any] = json.loads(bench_alerting.document([told, silent]))["reports"][0]
    met = {figure["name"]: figure["met"] for figure in report["figures"] if figure["unit"] == "s"}

    assert report["benchmark"] == "alerting"
    assert met == {
        "scheduler stopped: this stack": True,
        "scheduler stopped: this stack, none came": False,
        "scheduler stopped: cron scripts": None,
    }
    assert [one["cron"]["first"] for one in report["faults"]] == [None, 75.0]


def test_the_cron_file_has_the_environment_before_the_manuals_schedule() -> None:
    crontab = (cron_scripts.SOURCE / "crontab").read_text("utf-8")
    lines = cron_scripts.cron_file(cron_scripts.environment("key"), crontab).splitlines()
    jobs = [line for line in lines if line and line[0] not in "#" and "=" not in line.split()[0]]

    assert jobs == [
        "*/2 * * * * root /opt/cron_scripts/health_monitor.sh",
        "*/5 * * * * root /opt/cron_scripts/process_alerts.sh",
    ]
    assert lines.index("API_KEY=key") < lines.index(jobs[0])
    assert crontab.endswith("\n"), "cron ignores a file whose last line has no end"
    assert [job.rpartition("/")[2] for job in jobs] == list(cron_scripts.SCRIPTS)


@pytest.mark.parametrize("value", ["", " x", "x\ny", '"x"', "'x"])
def test_what_cron_cannot_be_given_is_refused(value: str) -> None:
    with pytest.raises(LabError, match="API_KEY"):
        cron_scripts.cron_file({"API_KEY": value}, "")


@pytest.mark.parametrize("name", cron_scripts.SCRIPTS)
def test_the_scripts_are_bash(name: str) -> None:
    checked = subprocess.run(
        ["bash", "-n", cron_scripts.SOURCE / name], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    unset = subprocess.run(
        ["bash", cron_scripts.SOURCE / name],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert unset.returncode != 0
    assert "API_URL" in unset.stderr
