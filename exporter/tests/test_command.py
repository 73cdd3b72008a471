"""The command as it is run: real process, real TLS, systemd's socket."""

import json
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bcrypt
import httpx
import pytest
from whatsapp_exporter import __version__
from whatsapp_exporter.__main__ import main
from whatsapp_exporter.server import ListenAddress, parse_listen_address
from whatsapp_exporter.systemd_notify import notify


@dataclass
class Running:
    """A started exporter."""

    url: str
    process: subprocess.Popen[str]
    manager: socket.socket


@contextmanager
def exporter(folder: Path, *arguments: str) -> Iterator[Running]:
    """Run the command until the block's end; it has said READY=1."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(folder / "notify"))
        manager.settimeout(20)
        process = subprocess.Popen(
            [sys.executable, "-m", "whatsapp_exporter", "--web.listen-address", "127.0.0.1:0", *arguments],
            stderr=subprocess.PIPE,
            text=True,
            env={"NOTIFY_SOCKET": str(folder / "notify")},
        )
        try:
            assert manager.recv(100) == b"READY=1"
            assert process.stderr is not None
            address = None
            while address is None:
                entry = json.loads(process.stderr.readline())
                address = re.search(r"https?://127\.0\.0\.1:\d+", entry["message"])
            yield Running(address[0], process, manager)
        finally:
            process.terminate()
            process.wait(20)
            if process.stderr is not None:
                process.stderr.close()


def test_serves_until_told_to_stop(config_file: Path, tmp_path: Path) -> None:
    with exporter(tmp_path, "--config.file", str(config_file)) as running:
        headers = {"X-Prometheus-Scrape-Timeout-Seconds": "10"}
        page = httpx.get(f"{running.url}/metrics", headers=headers, trust_env=False)
        alive = httpx.get(f"{running.url}/-/healthy", trust_env=False)
        landing = httpx.get(running.url, trust_env=False)
        running.process.terminate()
        running.process.wait(20)
        last_word = running.manager.recv(100)
    assert page.status_code == 200
    assert f'whatsapp_exporter_build_info{{version="{__version__}"}} 1.0' in page.text
    assert 'whatsapp_exporter_collector_success{collector="health"} 0.0' in page.text
    assert 'whatsapp_exporter_collector_success{collector="database"} 0.0' in page.text
    assert alive.text == "OK\n"
    assert "no answer: ConnectError" in landing.text
    assert last_word == b"STOPPING=1"


def test_hangup_reloads(config_file: Path, tmp_path: Path) -> None:
    content = json.loads(config_file.read_text(encoding="utf-8"))
    successful = re.compile(r"^whatsapp_exporter_config_last_reload_successful (\S+)$", re.MULTILINE)
    with exporter(tmp_path, "--config.file", str(config_file)) as running:
        stderr = running.process.stderr
        assert stderr is not None
        for text, said, value in (
            ("collectors: {}", "at least one collector", "0.0"),
            (json.dumps(content | {"targets": {"norte": content["collectors"]}}), "was reloaded", "1.0"),
        ):
            config_file.write_text(text, encoding="utf-8")
            running.process.send_signal(signal.SIGHUP)
            while said not in stderr.readline():
                assert running.process.poll() is None
            page = httpx.get(f"{running.url}/metrics", trust_env=False)
            found = successful.search(page.text)
            assert found is not None
            assert found[1] == value
        probed = httpx.get(f"{running.url}/probe?target=norte", trust_env=False)
    assert probed.status_code == 200


def test_tls_and_users(config_file: Path, tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    hashed = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
    web = tmp_path / "web.yml"
    web.write_text(
        "tls_server_config: {cert_file: exporter.crt, key_file: exporter.key}\n"
        f"basic_auth_users: {{prometheus: '{hashed}'}}\n",
        encoding="utf-8",
    )
    trust = ssl.create_default_context(cafile=certificate[0])
    stranger = ssl.create_default_context()
    with (
        exporter(tmp_path, "--config.file", str(config_file), "--web.config.file", str(web)) as running,
        httpx.Client(verify=trust, trust_env=False, base_url=running.url) as client,
    ):
        assert running.url.startswith("https://")
        assert [client.get(path).status_code for path in ("/", "/metrics", "/-/healthy")] == [401] * 3
        assert client.get("/metrics", auth=("prometheus", "wrong")).status_code == 401
        assert client.get("/metrics", auth=("prometheus", "right")).status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(running.url, verify=stranger, trust_env=False)


def test_config_check(config_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config.file", str(config_file), "--config.check"]) == 0
    assert capsys.readouterr().out == f"{config_file}: valid\n"


def test_wrong_configuration_is_one_line_and_exit_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.yml"
    path.write_text("collectors: {health: {urll: x}}", encoding="utf-8")
    assert main(["--config.file", str(path)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "collectors.health.urll: unknown key" in error


@pytest.mark.parametrize("arguments", [["--web.listen-address", "x"], ["--nonsense"]])
def test_wrong_usage_is_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"whatsapp-exporter {__version__}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.87.42.11:9808", ListenAddress("10.87.42.11", 9808)),
        ("[::1]:9808", ListenAddress("::1", 9808)),
        ("localhost:0", ListenAddress("localhost", 0)),
    ],
)
def test_listen_address(text: str, expected: ListenAddress) -> None:
    assert parse_listen_address(text) == expected


@pytest.mark.parametrize("text", ["", "host", "host:", "host:99999", "::1:9808", "host:ssh"])
def test_wrong_listen_address(text: str) -> None:
    with pytest.raises(ValueError, match="not a listen address"):
        parse_listen_address(text)


def test_nothing_to_notify_without_systemd() -> None:
    assert notify("READY=1", {}) is False


def test_abstract_notify_socket(tmp_path: Path) -> None:
    name = f"whatsapp-exporter-test-{tmp_path.name}-{id(tmp_path)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}")
        assert notify("READY=1", {"NOTIFY_SOCKET": f"@{name}"}) is True
        assert manager.recv(100) == b"READY=1"
