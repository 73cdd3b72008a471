"""Settings: validation, secrets, and their documentation."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from whatsapp_service.graph.versions import ENDS, days_left
from whatsapp_service.settings import Settings, SettingsError, environment_name, load_settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"


def _documented() -> dict[str, str]:
    """Name and default of every row of the table."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: default.strip().strip("`") for name, default in rows}


def test_every_setting_is_documented_and_nothing_else() -> None:
    assert set(_documented()) == {environment_name(field) for field in Settings.model_fields}


def test_documented_defaults_are_the_code_s() -> None:
    documented = _documented()
    for field, info in Settings.model_fields.items():
        default = "none" if info.default in (None, ()) else str(info.default)
        assert documented[environment_name(field)] == default, field


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"WORKERS": "0"}, "WORKERS: input should be greater than or equal to 1"),
        ({"BATCH_SIZE": "many"}, "BATCH_SIZE: input should be a valid integer"),
        ({"WHATSAPP_TIMEOUT": "nan"}, "WHATSAPP_TIMEOUT: "),
        ({"OPS_TIMEZONE": "Mars/Olympus"}, "OPS_TIMEZONE: must be an IANA time zone"),
        ({"OPS_TIMEZONE": "../etc/passwd"}, "OPS_TIMEZONE: must be an IANA time zone"),
        ({"OPS_LANGUAGE": "fr"}, "OPS_LANGUAGE: input should be 'es' or 'en'"),
        ({"WHATSAPP_API_URL": "graph.facebook.com"}, "WHATSAPP_API_URL: "),
        ({"REDIS_URL": "redis://:secret@host"}, "REDIS_URL: "),
        ({"SCHEDULER_LEASE_SECONDS": "4"}, "SCHEDULER_LEASE_SECONDS: input should be greater than or equal"),
        ({"WHATSAPP_MESSAGES_PER_SECOND": "0"}, "WHATSAPP_MESSAGES_PER_SECOND: "),
        (
            {"WHATSAPP_APP_SECRET_FILE": "/nowhere/secret"},
            "WHATSAPP_APP_SECRET_FILE: cannot read /nowhere/secret",
        ),
    ],
)
def test_wrong_settings_name_their_variable_in_one_line(environ: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings(environ)
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)
    assert "secret@" not in str(raised.value)


def test_secrets_come_from_files_and_are_not_shown(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("EAAG-very-secret\n")
    keys = tmp_path / "keys.json"
    keys.write_text(f'[{{"name": "traffic", "scopes": ["operate"], "sha256": "{"ab" * 32}"}}]')
    settings = load_settings({"WHATSAPP_ACCESS_TOKEN_FILE": str(secret), "API_KEYS_FILE": str(keys)})
    assert settings.whatsapp_access_token is not None
    assert settings.whatsapp_access_token.get_secret_value() == "EAAG-very-secret"
    assert settings.api_keys[0].scopes == {"operate"}
    for shown in (repr(settings), str(settings)):
        assert "very-secret" not in shown
        assert "abab" not in shown


@pytest.mark.parametrize(
    "text", ["", "{}", '[{"name": "x"}]', '[{"name":"x","scopes":["all"],"sha256":"00"}]']
)
def test_wrong_key_files_are_told(tmp_path: Path, text: str) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(text)
    with pytest.raises(SettingsError, match=r"^API_KEYS_FILE: "):
        load_settings({"API_KEYS_FILE": str(keys)})


def test_empty_means_none_where_none_is_possible() -> None:
    settings = load_settings(
        {
            "TEXTFILE_DIR": "",
            "LOG_DIR": "",
            "SMTP_TO": " a@x.pe, b@x.pe ",
            "SMTP_HOST": "",
            "REDIS_URL": "",
        }
    )
    assert (settings.textfile_dir, settings.log_dir, settings.smtp_host) == (None, None, None)
    assert settings.redis_url is None
    assert settings.smtp_to == ("a@x.pe", "b@x.pe")
    with pytest.raises(SettingsError, match=r"^WORKERS: "):
        load_settings({"WORKERS": ""})


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("{}")
    environ = {
        "BATCH_SIZE": "0",
        "WORKERS": "many",
        "API_KEYS_FILE": str(tmp_path / "keys"),
        "WHATSAPP_APP_SECRET_FILE": "/nowhere/secret",
        "WHATSAPP_PHONE_NUMBER_ID": "",
    }
    with pytest.raises(SettingsError) as raised:
        load_settings(
            environ, required=("whatsapp_access_token", "whatsapp_app_secret", "whatsapp_phone_number_id")
        )
    assert list(raised.value.problems) == [
        "WORKERS",
        "BATCH_SIZE",
        "WHATSAPP_PHONE_NUMBER_ID",
        "WHATSAPP_ACCESS_TOKEN_FILE",
        "WHATSAPP_APP_SECRET_FILE",
        "API_KEYS_FILE",
    ]
    assert "WHATSAPP_ACCESS_TOKEN_FILE: is required; WHATSAPP_APP_SECRET_FILE: cannot read" in str(
        raised.value
    )


def test_required_settings_are_named() -> None:
    told = r"^WHATSAPP_ACCESS_TOKEN_FILE: is required; WHATSAPP_PHONE_NUMBER_ID: is required$"
    with pytest.raises(SettingsError, match=told):
        load_settings({}).require("whatsapp_access_token", "whatsapp_phone_number_id")


def test_days_left_of_a_version() -> None:
    assert days_left("v23.0", date(2027, 10, 1)) == 7
    assert days_left("v18.0", date(2026, 1, 27)) == -1
    assert days_left("v99.0", date(2026, 1, 1)) is None


def test_documented_ends_of_versions_are_the_code_s() -> None:
    table = re.findall(r"^\| (v[\d.]+) \| ([\d-]+) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert {version: date.fromisoformat(end) for version, end in table} == ENDS
    assert Settings().whatsapp_api_version in ENDS
