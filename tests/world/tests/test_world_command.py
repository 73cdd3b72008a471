"""The command line: units that start, tell systemd, and stop."""

import asyncio
import signal
import socket
import sys
from pathlib import Path
from typing import Protocol

import pytest
from whatsapp_world.__main__ import main
from whatsapp_world.service_notification import READY, notify


class Certificate(Protocol):
    @property
    def cert(self) -> Path: ...
    @property
    def key(self) -> Path: ...


@pytest.fixture
def files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with the secrets and the fixture document that the units name."""
    for name in ("token", "app_secret", "verify_token", "api_key", "smtp_password"):
        (tmp_path / name).write_text(f"{name}-value\n", encoding="utf-8")
    main(["fixture", "--contacts", "1"])
    (tmp_path / "fixture.json").write_text(capsys.readouterr().out, encoding="utf-8")
    return tmp_path


def unit_arguments(name: str, files: Path, certificate: Certificate) -> list[str]:
    tls = ["--port", "0", "--tls-cert", str(certificate.cert), "--tls-key", str(certificate.key)]
    fixture = str(files / "fixture.json")
    return {
        "graph": [
            *tls,
            *("--token-file", str(files / "token")),
            *("--webhook-url", "https://127.0.0.1:1/webhook", "--app-secret-file", str(files / "app_secret")),
            *("--verify-token-file", str(files / "verify_token"), "--templates-file", fixture),
        ],
        "inbox": [
            *tls,
            *("--smtp-port", "0", "--smtp-user", "ops", "--smtp-password-file", str(files / "smtp_password")),
            "--require-starttls",
        ],
        "sns": tls,
        "hrana": [*tls, "--db-file", str(files / "x.db"), "--token-file", str(files / "token")],
        "traffic": [
            *("--api-url", "https://127.0.0.1:1", "--api-key-file", str(files / "api_key")),
            *("--fixture-file", fixture),
        ],
    }[name]


@pytest.mark.parametrize("name", ["graph", "inbox", "sns", "hrana", "traffic"])
async def test_units_report_ready_and_stop_cleanly(name: str, files: Path, certificate: Certificate) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(files / "notify"))
        manager.setblocking(False)
        loop = asyncio.get_running_loop()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "whatsapp_world", name, *unit_arguments(name, files, certificate)),
            env={"NOTIFY_SOCKET": str(files / "notify")},
            stderr=asyncio.subprocess.PIPE,
        )
        finished = asyncio.create_task(process.communicate())
        reported = asyncio.create_task(loop.sock_recv(manager, 100))
        await asyncio.wait({finished, reported}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
        assert reported.done(), "the unit ended, or took a minute, without reporting READY"
        process.send_signal(signal.SIGTERM)
        stopping = await asyncio.wait_for(loop.sock_recv(manager, 100), 20)
        _, errors = await asyncio.wait_for(finished, 20)

    assert (reported.result(), stopping) == (b"READY=1", b"STOPPING=1")
    assert process.returncode == 0
    assert b"Traceback" not in errors


@pytest.mark.parametrize("name", ["graph", "inbox", "sns", "hrana", "traffic", "fixture"])
def test_every_subcommand_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main([name, "--help"])

    assert leaving.value.code == 0
    assert f"usage: whatsapp-world {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["graph", "--token-file", "{files}/missing"], "access token: cannot read"),
        (
            ["graph", "--token-file", "{files}/token", "--tls-cert", "x"],
            "--tls-cert and --tls-key go together",
        ),
        (["graph", "--token-file", "{files}/token", "--webhook-url", "https://app1"], "--app-secret-file"),
        (["graph", "--token-file", "{files}/token", "--webhook-url", "app1"], "http(s) URL"),
        (["graph", "--token-file", "{files}/token", "--templates-file", "{files}/token"], "plantillas"),
        (["inbox", "--smtp-user", "ops"], "go together"),
        (["inbox", "--require-starttls"], "--tls-cert"),
        (["inbox", "--tls-cert", "{files}/token", "--tls-key", "{files}/token"], "TLS: cannot load"),
        (["fixture", "--companies", "0"], "--companies"),
        (["hrana", "--db-file", "{files}/absent/x.db"], "--db-file: cannot open"),
        (["hrana", "--db-file", "{files}/token"], "not a database"),
        (
            ["traffic", "--api-url", "x", "--api-key-file", "{files}/token", "--fixture-file", "x"],
            "http(s) URL",
        ),
    ],
)
def test_usage_errors_are_one_line(
    arguments: list[str], text: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main([argument.format(files=files) for argument in arguments])

    errors = capsys.readouterr().err
    assert status == 2
    assert text in errors
    assert errors.count("\n") == 1
    assert "token-value" not in errors


@pytest.mark.parametrize(
    "arguments",
    [[], ["meteor"], ["graph"], ["graph", "--port", "65536"], ["inbox", "--heartbeat-grace-seconds", "0"]],
)
def test_wrong_calls_exit_with_two(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(arguments)

    assert leaving.value.code == 2


def test_nothing_is_notified_without_a_service_manager() -> None:
    assert notify(READY, {}) is False
