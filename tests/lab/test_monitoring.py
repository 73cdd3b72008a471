"""Prometheus sees every target, rules are loaded, the collectors succeed, the heartbeat arrives."""

from __future__ import annotations

import json
import subprocess

from lab.layout import ROOT, host
from lab.running import Lab, wait_for


def test_every_target_is_up(lab: Lab) -> None:
    result = lab.session.query("up")
    jobs = {one["metric"]["job"] for one in result}
    down = [one["metric"] for one in result if one["value"][1] != "1"]
    assert down == []
    assert {
        "alertmanager",
        "blackbox",
        "blackbox-exporter",
        "nginx",
        "node",
        "prometheus",
        "redis",
        "whatsapp-exporter",
        "whatsapp-notifications",
        "whatsapp-scheduler",
    } <= jobs


def test_probe_of_the_api_succeeds(lab: Lab) -> None:
    result = lab.session.query("probe_success")
    assert result
    assert all(one["value"][1] == "1" for one in result)


def test_messages_flow(lab: Lab) -> None:
    grown = wait_for(
        "growth of whatsapp_notifications_sent_total",
        150,
        lambda: lab.session.query("sum(increase(whatsapp_notifications_sent_total[2m])) > 0") or None,
    )
    assert float(grown[0]["value"][1]) > 0


def test_collectors_succeed(lab: Lab) -> None:
    def collectors() -> dict[str, str]:
        result = lab.session.query("whatsapp_exporter_collector_success")
        return {one["metric"]["collector"]: one["value"][1] for one in result}

    expected = dict.fromkeys(("api", "database", "graph", "health"), "1")
    # The graph collector asks at intervals: it may have been up before the simulator.
    wait_for("the success of every collector", 200, lambda: collectors() == expected or None)


def test_exporters_of_redis_and_nginx_reach_them(lab: Lab) -> None:
    for metric in ("redis_up", "nginx_up"):
        result = lab.session.query(metric)
        assert [(one["metric"]["host"], one["value"][1]) for one in result] == [("app1", "1")], metric
    # The exporter asks redis for nothing that it may not: a refusal would hide one that matters.
    assert lab.session.query("redis_acl_access_denied_cmd_total > 0") == []


def test_rules_are_those_of_the_catalogue(lab: Lab) -> None:
    groups = lab.session.get(host("mon1").url(9090, "/api/v1/rules"), auth=True)["data"]["groups"]
    loaded = {rule["name"] for group in groups for rule in group["rules"] if rule["type"] == "alerting"}
    assert {"Watchdog", "WhatsAppSystemDown", "WhatsAppHighErrorRate", "WhatsAppQueueBacklog"} <= loaded
    assert all(rule["health"] != "err" for group in groups for rule in group["rules"])


def test_heartbeat_arrives(lab: Lab) -> None:
    beat = wait_for(
        "a heartbeat",
        150,
        lambda: (
            beat if (beat := lab.session.get(host("world").url(8446, "/_lab/heartbeat")))["count"] else None
        ),
    )
    assert beat["age_seconds"] < 150


def test_logins_are_asked_for(lab: Lab) -> None:
    for name, port, path in (
        ("mon1", 9090, "/api/v1/query?query=up"),
        ("mon1", 9093, "/api/v2/status"),
        ("app1", 9808, "/metrics"),
        ("app1", 443, "/metrics"),
        ("app1", 443, "/scheduler/metrics"),
        ("app1", 443, "/redis/metrics"),
    ):
        assert lab.session.client.get(host(name).url(port, path)).status_code == 401, (name, path)


def test_status_tells_every_part_to_programs() -> None:
    done = subprocess.run([ROOT / "scripts/status", "--json"], capture_output=True, text=True, check=False)
    document = json.loads(done.stdout)
    states = {part["name"]: part["state"] for part in document["parts"]}
    assert done.returncode == 0, {name: state for name, state in states.items() if state == "broken"}
    assert document["ok"] is True
    assert states["Prometheus targets"] == "up"
    prometheus = next(part for part in document["parts"] if part["name"] == "Prometheus targets")
    assert prometheus["address"] == "https://127.0.0.1:9090"
    assert prometheus["login"].keys() == {"user", "password"}
