"""The whole way of the link that silences: rule, Prometheus, Alertmanager, message, form, silence."""

import dataclasses
import re
import socket
import subprocess
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from threading import Event

import pytest
import yaml
from alerting_world import PATIENCE, AlertmanagerProcess, HttpSink
from chosen_alerts import RULES, only
from delivery import firing, slack_attachment, start
from whatsapp_alerting.compilation import compiled_files
from whatsapp_alerting.resolution import Installation, ResolvedArea

ALERT = "HostDiskSpaceLow"
MOUNTPOINT = 'my "disk", a+b=50%|<x>\\new {y} ñ&#?/'
_MATCHER = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def _read_filter(url: str) -> list[dict[str, object]]:
    """Return the matchers as the form reads them from the address: percent-decoded, and `+` stays `+`."""
    text = urllib.parse.unquote(url.split("#/silences/new?filter=")[1])
    assert text.startswith("{")
    assert text.endswith("}")
    found = _MATCHER.findall(text)
    assert ", ".join(f'{name}="{value}"' for name, value in found) == text[1:-1]
    return [
        {"name": name, "value": re.sub(r"\\(.)", r"\1", value), "isRegex": False, "isEqual": True}
        for name, value in found
    ]


@pytest.fixture
def disk_is_full(fast: Installation) -> Installation:
    """The alert, firing from the start, of a disk whose name has every character that an address minds."""
    quoted = MOUNTPOINT.replace("\\", "\\\\").replace('"', '\\"')
    condition = (
        f'label_replace(label_replace(vector(91), "host", "app1", "", ""), "mountpoint", "{quoted}", "", "")'
    )
    [area] = only(fast, ALERT).areas
    alert = dataclasses.replace(area.own_alerts[0], condition=condition, hold=0)
    return dataclasses.replace(fast, areas=(ResolvedArea(area.name, (alert,), ()),))


@contextmanager
def _prometheus(folder: Path, rules: str, alertmanager: str) -> Iterator[None]:
    binary = which("prometheus")
    if binary is None:
        pytest.fail("Prometheus is not installed (Debian: prometheus)")
    folder.mkdir()
    document = yaml.safe_load(rules)
    for group in document["groups"]:
        group["interval"] = "1s"
    (folder / "rules.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    configuration = {
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [
        binary,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        # What it says before it has found the Alertmanager gets nowhere, and is said again in a minute only.
        "--rules.alert.resend-delay=1s",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(arguments, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


@pytest.mark.slow
def test_link_of_the_message_silences_its_alert_and_no_other(
    disk_is_full: Installation,
    fast: Installation,
    alertmanager: AlertmanagerProcess,
    http_sink: HttpSink,
    tmp_path: Path,
) -> None:
    start(disk_is_full, alertmanager, tmp_path)
    with _prometheus(tmp_path / "prometheus", compiled_files(disk_is_full)[RULES], alertmanager.address):
        text = slack_attachment(http_sink)["text"]
        link = re.search(r"<([^|>]+)\|Silenciar>", text)
        assert link is not None
        url = link[1].replace("&amp;", "&")
        assert url.startswith("https://mon1/alertmanager/#/silences/new?filter=")
        assert "+" not in url
        matchers = _read_filter(url)
        assert {one["name"]: one["value"] for one in matchers} == {
            "alertname": ALERT,
            "host": "app1",
            "mountpoint": MOUNTPOINT,
        }

        alertmanager.silence(matchers)

        escalated = firing(fast, ALERT, {"host": "app1", "mountpoint": MOUNTPOINT}, escalated=True)
        another = firing(fast, ALERT, {"host": "app1", "mountpoint": "/"})
        alertmanager.post([escalated, another])
        deadline = time.monotonic() + PATIENCE
        states: dict[tuple[str, bool], str] = {}
        while time.monotonic() < deadline and len(set(states.values())) < 2:
            states = {
                (one["labels"]["mountpoint"], "escalation" in one["labels"]): one["status"]["state"]
                for one in alertmanager.known()
            }
            Event().wait(0.1)
        assert states == {
            (MOUNTPOINT, False): "suppressed",
            (MOUNTPOINT, True): "suppressed",
            ("/", False): "active",
        }
