"""The lab's own logic: what it reads, refuses and writes, without a lab."""

from __future__ import annotations

import datetime as dt
import socket
from pathlib import Path

import pytest
from cryptography import x509
from lab import certificates, image, playbook, preflight, status, wheels
from lab.errors import LabError
from lab.layout import Host, hosts
from lab.parts import Login, Part


def test_hosts_come_from_the_inventory() -> None:
    found = {host.name: host for host in hosts()}
    assert list(found) == ["app1", "mon1", "world"]
    assert found["mon1"].url(9090, "/-/ready") == "https://127.0.0.1:9090/-/ready"
    published = [port for host in found.values() for port in host.ports.values()]
    assert len(published) == len(set(published))


def test_port_in_use_names_port_and_fix() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LabError, match=rf"port 127\.0\.0\.1:{port} .*in use: .*inventory/lab/hosts\.yml"):
            preflight.check_free_ports([Host(name="x", address="10.0.0.1", ports={22: port})])


def test_too_little_disk_names_both_sizes(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"too little disk at .*: \d+ MB free, the lab needs 999999999 MB"):
        preflight.check_resources(tmp_path, needed_mb=999_999_999)


def test_recap_is_read() -> None:
    text = "app1                       : ok=6    changed=2    unreachable=0    failed=1    skipped=3\n"
    assert playbook.parse_recap(text) == [
        playbook.Recap(host="app1", ok=6, changed=2, unreachable=0, failed=1)
    ]
    assert playbook.parse_errors("x\n[ERROR]: Task failed: no\n") == ["[ERROR]: Task failed: no"]


def test_status_tells_what_is_broken() -> None:
    parts = [
        Part(name="a", state="up", address="https://127.0.0.1:1", login=Login(user="ops", password="pw")),
        Part(name="b", state="broken", detail="HTTP 500"),
        Part(name="c", state="absent", detail="not to be had"),
    ]
    text = status.report(parts)
    assert text.splitlines()[-1] == "broken: b"
    assert "login ops / pw  (a)" in text
    assert '"ok": false' in status.to_json(parts)
    assert "pw" not in repr(parts)


def test_certificates_chain_and_are_kept(tmp_path: Path) -> None:
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    host = Host(name="app1", address="10.0.0.1", ports={})
    assert certificates.ensure([host], now, tmp_path) == ["ca", "app1"]
    assert certificates.ensure([host], now, tmp_path) == []
    authority = x509.load_pem_x509_certificate((tmp_path / "ca.crt").read_bytes())
    certificate = x509.load_pem_x509_certificate((tmp_path / "app1.crt").read_bytes())
    certificate.verify_directly_issued_by(authority)
    assert (tmp_path / "app1.key").stat().st_mode & 0o777 == 0o600
    late = now + dt.timedelta(days=340)
    assert certificates.ensure([host], late, tmp_path) == ["ca", "app1"]


def test_release_id_follows_the_sources() -> None:
    first = wheels.release_id(("database",), "3.13")
    assert first == wheels.release_id(("database",), "3.13")
    assert first != wheels.release_id(("database",), "3.11")
    assert first != wheels.release_id(("database", "service"), "3.13")


def test_image_recipe_differs_by_suite() -> None:
    assert image.recipe("trixie") != image.recipe("bookworm")
