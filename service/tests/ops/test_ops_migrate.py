"""Migrations from the command line."""

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


def test_a_remote_database_without_transport_is_one_clear_line(installation: Installation) -> None:
    installation.environ["TURSO_DATABASE_URL"] = "https://db.example.com"

    result = installation.run("migrate")

    assert result.code == 1
    assert result.err.count("\n") == 1
    assert "https" in result.err
