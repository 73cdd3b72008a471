"""Migrations from the command line."""

import pytest

from .conftest import Installation


def test_migrate_creates_the_database_and_says_what_it_applied(installation: Installation) -> None:
    installation.database.unlink()

    result = installation.run("migrate")

    assert result.code == 0, result.err
    assert result.out.startswith("Migraciones aplicadas: 0001, 0002")
    assert installation.query("SELECT count(*) FROM whatsapp_notificaciones") == [(0,)]


def test_migrate_again_applies_nothing(installation: Installation) -> None:
    result = installation.run("migrate", "--json")

    assert result.code == 0
    assert result.json() == {"applied": []}


@pytest.mark.parametrize(
    ("url", "told"),
    [("mysql://db.example.com", "libsql:"), ("http://127.0.0.1:1", "127.0.0.1")],
)
def test_a_database_that_cannot_be_reached_is_one_clear_line(
    installation: Installation, url: str, told: str
) -> None:
    installation.environ["TURSO_DATABASE_URL"] = url

    result = installation.run("migrate")

    assert result.code == 1
    assert result.err.count("\n") == 1
    assert told in result.err
