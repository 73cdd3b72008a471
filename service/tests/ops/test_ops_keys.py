"""Issuing, listing and revoking API keys."""

import hashlib

import orjson
import pytest

from .conftest import Installation


@pytest.fixture
def provisioned(installation: Installation) -> Installation:
    """An installation with the key `traffic` in its file."""
    path = installation.root / "api_keys.json"
    path.write_text(f'[{{"name": "traffic", "scopes": ["operate"], "sha256": "{"ab" * 32}"}}]')
    installation.environ["API_KEYS_FILE"] = str(path)
    return installation


def test_a_key_is_shown_once_and_stored_as_its_digest(provisioned: Installation) -> None:
    issued = provisioned.run("keys", "issue", "billing", "--scope", "read", "--scope", "operate", "--json")

    assert issued.code == 0, issued.err
    document = issued.json()
    text = str(document["key"])
    assert (document["name"], document["scopes"]) == ("billing", ["operate", "read"])
    wn, prefix, secret = text.split("_", 2)
    assert (wn, len(secret)) == ("wn", 43)
    [(name, stored_prefix, digest, scopes)] = provisioned.query(
        "SELECT nombre, prefijo, sha256, alcances FROM whatsapp_claves_api"
    )
    assert (name, stored_prefix, orjson.loads(str(scopes))) == ("billing", prefix, ["operate", "read"])
    assert digest == hashlib.sha256(text.encode()).hexdigest()

    listed = provisioned.run("keys", "list")
    assert listed.out == (
        f"traffic: operate; en API_KEYS_FILE\n"
        f"billing: operate, read; wn_{prefix}_…, emitida 2025-01-23T08:00:00.000Z\n"
    )
    for trace in (listed.out, (provisioned.logs / "ops.log").read_text(encoding="utf-8")):
        assert secret not in trace


def test_for_people_the_key_stands_on_its_own_line(installation: Installation) -> None:
    lines = installation.run("keys", "issue", "billing", "--scope", "monitor").out.splitlines()

    assert lines[0] == "Clave de API de billing con los permisos monitor:"
    assert lines[1].startswith("wn_")
    assert lines[2] == "Guárdela ahora: no se puede volver a ver."


def test_a_revoked_key_stays_in_the_list_and_its_name_may_be_used_again(installation: Installation) -> None:
    first = installation.run("keys", "issue", "billing", "--scope", "read", "--json").json()["key"]

    assert installation.run("keys", "revoke", "billing").code == 0
    assert "REVOCADA 2025-01-23T08:00:00.000Z" in installation.run("keys", "list").out
    assert installation.run("keys", "revoke", "billing").code == 1

    again = installation.run("keys", "issue", "billing", "--scope", "read", "--json").json()["key"]
    assert again != first
    assert "REVOCADA" not in installation.run("keys", "list").out


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("traffic", "es el nombre de una clave de API_KEYS_FILE"),
        ("billing", "ya tiene una clave vigente"),
        ("two words", "de 1 a 64 letras"),
    ],
)
def test_a_name_that_is_taken_or_wrong_is_refused(provisioned: Installation, name: str, told: str) -> None:
    provisioned.run("keys", "issue", "billing", "--scope", "read")

    result = provisioned.run("keys", "issue", name, "--scope", "read")

    assert (result.code, result.out) == (1, "")
    assert told in result.err
    assert provisioned.query("SELECT count(*) FROM whatsapp_claves_api") == [(1,)]


def test_a_key_of_the_file_is_revoked_there(provisioned: Installation) -> None:
    result = provisioned.run("keys", "revoke", "traffic")

    assert result.code == 1
    assert "quítela de allí" in result.err


@pytest.mark.parametrize("scopes", [[], ["--scope", "all"]])
def test_a_key_has_known_scopes(installation: Installation, scopes: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        installation.run("keys", "issue", "billing", *scopes)

    assert exit_.value.code == 2
