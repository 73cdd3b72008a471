"""Pausing and resuming from the command line."""

from datetime import UTC, datetime, timedelta

import pytest

from .conftest import NOW, Installation

PAUSES = "SELECT alcance, objeto_id, origen, motivo, creada_por, desde, hasta FROM whatsapp_pausas_envio"


def test_everything_is_paused_until_it_is_resumed(filled: Installation) -> None:
    filled.environ["SUDO_USER"] = "maria"

    paused = filled.run("pause", "--reason", "cambio de  número")

    assert paused.code == 0, paused.err
    assert paused.out == (
        "Envíos en pausa. todos los envíos: en pausa desde 2025-01-23 03:00:00 -05 hasta que se reanude, "
        "por ops:maria: cambio de número\n"
    )
    assert filled.query(PAUSES) == [
        ("todo", 0, "operador", "cambio de número", "ops:maria", "2025-01-23T08:00:00.000Z", None)
    ]
    assert filled.run("pauses").out.count("en pausa") == 1

    resumed = filled.run("resume")

    assert resumed.out == "Reanudado: todos los envíos\n"
    assert filled.query(PAUSES) == []
    assert filled.query("SELECT wake_requested_at FROM scheduler_state") == [("2025-01-23T08:00:00.000Z",)]
    assert filled.run("pauses").out == "Nada está en pausa\n"


@pytest.mark.parametrize(
    ("arguments", "end"),
    [
        (["--for", "2h"], "2025-01-23T10:00:00.000Z"),
        (["--for", "1d12h"], "2025-01-24T20:00:00.000Z"),
        (["--until", "2025-01-23T18:30"], "2025-01-23T23:30:00.000Z"),
        (["--until", "2025-01-23T18:30+00:00"], "2025-01-23T18:30:00.000Z"),
        (["--until", "07:00"], "2025-01-23T12:00:00.000Z"),
        (["--until", "02:00"], "2025-01-24T07:00:00.000Z"),  # 03:00 now in Lima: that of tomorrow
    ],
)
def test_a_pause_ends_when_it_is_told_to(filled: Installation, arguments: list[str], end: str) -> None:
    result = filled.run("pause", "--company", "1", "--reason", "feriado", *arguments, "--json")

    assert result.code == 0, result.err
    document = result.json()
    assert (document["scope"], document["id"]) == ("empresa", 1)
    assert filled.query("SELECT hasta FROM whatsapp_pausas_envio") == [(end,)]
    after = datetime.fromisoformat(end).astimezone(UTC) + timedelta(seconds=1)
    assert filled.run("pauses", "--json", now=after).json() == {"pauses": []}


def test_resuming_one_thing_leaves_the_others_and_tells_them(filled: Installation) -> None:
    filled.run("pause", "--reason", "a")
    filled.run("pause", "--template", "1", "--reason", "b")

    result = filled.run("resume", "--template", "1")

    assert result.out.startswith("Reanudado: plantilla 1\nSigue en pausa: todos los envíos")
    assert filled.run("resume", "--template", "1").out.startswith("No había pausa de: plantilla 1\n")


def test_a_pause_of_meta_s_is_resumed_too(filled: Installation) -> None:
    filled.query(
        "INSERT INTO whatsapp_pausas_envio (alcance, origen, motivo, codigo_error, clase_error, creada_por, "
        "desde, hasta) VALUES ('todo', 'meta', 'rate limit', 130429, 'throttled', 'scheduler', ?, ?)",
        "2025-01-23T07:59:00.000Z",
        "2025-01-23T09:00:00.000Z",
    )
    assert filled.run("pauses", "--json").json()["pauses"] == [
        {
            "scope": "todo",
            "id": None,
            "origin": "meta",
            "reason": "rate limit",
            "error_code": 130429,
            "error_class": "throttled",
            "created_by": "scheduler",
            "since": "2025-01-23T07:59:00+00:00",
            "until": "2025-01-23T09:00:00+00:00",
        }
    ]

    filled.run("resume")

    assert filled.query(PAUSES) == []


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--company", "99", "--reason", "x"], 1, "no existe: empresa 99"),
        (["--template", "99", "--reason", "x"], 1, "no existe: plantilla 99"),
        (["--reason", "  "], 2, "--reason"),
        (["--reason", "x", "--until", "2020-01-01T00:00"], 2, "ya pasó"),
    ],
)
def test_what_makes_no_sense_is_refused(
    filled: Installation, arguments: list[str], code: int, told: str
) -> None:
    result = filled.run("pause", *arguments)

    assert (result.code, filled.query(PAUSES)) == (code, [])
    assert told in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["pause"],
        ["pause", "--reason", "x", "--company", "1", "--template", "1"],
        ["pause", "--reason", "x", "--for", "soon"],
        ["pause", "--reason", "x", "--for", "0s"],
        ["pause", "--reason", "x", "--until", "25:00"],
        ["pause", "--reason", "x", "--company", "0"],
    ],
)
def test_wrong_words_are_a_usage_error(filled: Installation, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        filled.run(*arguments, now=NOW)

    assert exit_.value.code == 2
