"""Cancelling and sending again from the command line."""

from collections.abc import Callable

import pytest

from .conftest import Installation

STATES = "SELECT id, estado FROM whatsapp_notificaciones ORDER BY id"


def _id(installation: Installation, state: str) -> str:
    [(found,)] = installation.query("SELECT id FROM whatsapp_notificaciones WHERE estado = ?", state)
    return str(found)


def _fail(installation: Installation, add: Callable[..., None], count: int, code: int) -> None:
    for _ in range(count):
        add(installation, "ERROR")
    installation.query(
        "UPDATE whatsapp_notificaciones SET codigo_error = ?, clase_error = 'recipient' "
        "WHERE estado = 'ERROR' AND codigo_error IS NULL",
        code,
    )


def test_a_pending_notification_is_cancelled(filled: Installation) -> None:
    pending = _id(filled, "PENDIENTE")
    filled.environ["SUDO_USER"] = "maria"

    result = filled.run("cancel", pending)

    assert (result.code, result.out) == (0, f"Notificación {pending} cancelada\n")
    [(state, detail)] = filled.query(
        "SELECT estado_nuevo, detalle FROM whatsapp_historial_notificaciones WHERE notificacion_id = ?",
        pending,
    )
    assert (state, detail) == ("CANCELADA", "cancelled by ops:maria")


def test_what_cannot_be_cancelled_is_told_and_the_rest_is_done(filled: Installation) -> None:
    pending, sent = _id(filled, "PENDIENTE"), _id(filled, "ENVIADA")

    result = filled.run("cancel", sent, pending, "999", "--json")

    assert result.code == 1
    assert result.json() == {
        "cancelled": [int(pending)],
        "refused": [{"id": int(sent), "code": "not_cancellable"}, {"id": 999, "code": "not_found"}],
    }
    assert f"notificación {sent}: está ENVIADA: solo se cancela una PENDIENTE" in result.err


def test_failed_notifications_are_sent_again_by_their_id(filled: Installation) -> None:
    failed, unknown, read = _id(filled, "ERROR"), _id(filled, "DESCONOCIDA"), _id(filled, "LEIDA")

    result = filled.run("requeue", failed, unknown, read)

    assert result.code == 1
    assert result.out == f"Notificación {failed} de nuevo PENDIENTE\n"
    assert f"notificación {unknown}: está DESCONOCIDA" in result.err
    assert f"notificación {read}: está LEIDA, pero el mensaje llegó" in result.err
    assert filled.query("SELECT wake_requested_at IS NOT NULL FROM scheduler_state") == [(1,)]

    assert filled.run("requeue", unknown, "--include-unknown").code == 0


def test_those_that_match_are_sent_again_at_most_so_many(
    filled: Installation, add: Callable[..., None]
) -> None:
    filled.query("DELETE FROM whatsapp_notificaciones")
    _fail(filled, add, 3, 131026)
    _fail(filled, add, 2, 131049)

    seen = filled.run(
        "requeue", "--error-code", "131026", "--error-class", "recipient", "--dry-run", "--json"
    )
    assert seen.json()["matching"] == 3
    assert {state for _, state in filled.query(STATES)} == {"ERROR"}

    first = filled.run("requeue", "--error-code", "131026", "--max", "2")
    assert first.code == 0, first.err
    assert first.out.startswith("2 notificaciones de nuevo PENDIENTE\nHay más")
    second = filled.run("requeue", "--error-code", "131026", "--max", "2", "--json")
    assert second.json() == {"requeued": 1, "left": 0, "more": False}
    [(left,)] = filled.query("SELECT count(*) FROM whatsapp_notificaciones WHERE estado = 'ERROR'")
    assert left == 2


def test_time_of_creation_narrows(filled: Installation, add: Callable[..., None]) -> None:
    filled.query("DELETE FROM whatsapp_notificaciones")
    for created_at in ("2025-01-22T06:00:00.000Z", "2025-01-23T05:00:00.000Z", "2025-01-23T07:00:00.000Z"):
        add(filled, "ERROR", created_at=created_at)

    def matching(*arguments: str) -> object:
        return filled.run("requeue", *arguments, "--dry-run", "--json").json()["matching"]

    assert matching("--since", "00:00") == 2  # midnight in Lima is 05:00 UTC
    assert matching("--since", "00:00", "--until", "01:00") == 1
    assert matching("--since", "2025-01-01T00:00") == 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "al menos un filtro"),
        (["--include-unknown", "--max", "5"], "al menos un filtro"),
        (["--company", "1"], "--max"),
        (["5", "--company", "1"], "con ID no se dan filtros"),
        (["5", "--max", "1"], "con ID no se dan filtros"),
        (["5", "--dry-run"], "--dry-run va con filtros"),
    ],
)
def test_a_mass_requeue_needs_a_filter_and_a_bound(
    filled: Installation, arguments: list[str], told: str
) -> None:
    before = filled.query(STATES)

    result = filled.run("requeue", *arguments)

    assert (result.code, filled.query(STATES)) == (2, before)
    assert told in result.err
