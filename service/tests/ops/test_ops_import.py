"""The import: repeatable, row by row, and silent about phone numbers."""

import copy

import orjson
import pytest

from .conftest import Installation, Result

DOCUMENT: dict[str, list[dict[str, object]]] = {
    "empresas": [
        {
            "empresa_id": 1,
            "empresa_nombre": "Constructora Uno",
            "zona_horaria": "America/Lima",
            "hora_inicio": "08:00",
            "hora_fin": "18:00",
            "dias": [1, 2, 3, 4, 5],
        }
    ],
    "contactos": [
        {"id": 1, "empresa_id": 1, "nombre": "Ana", "telefono": "+51 987 654 321"},
        {"id": 2, "empresa_id": 1, "nombre": "José", "telefono": "+51976543210"},
    ],
    "plantillas": [
        {
            "id": 1,
            "evento": "RECIBIDA",
            "nombre": "valorizacion_recibida",
            "idioma": "es_PE",
            "categoria": "UTILITY",
            "cuerpo": "Hola {{1}}: recibimos su valorización {{2}}.",
            "variables": ["nombre", "valorización"],
        }
    ],
}


def _import(installation: Installation, document: object, *options: str) -> Result:
    path = installation.root / "import.json"
    path.write_bytes(orjson.dumps(document))
    return installation.run("import", str(path), *options)


def _counts(result: Result, section: str) -> tuple[object, ...]:
    sections = result.json()["sections"]
    assert isinstance(sections, dict)
    counts = sections[section]
    return counts["created"], counts["updated"], counts["unchanged"], counts["rejected"]


def test_a_first_import_creates_every_row(installation: Installation) -> None:
    result = _import(installation, DOCUMENT, "--json")

    assert result.code == 0, result.err
    assert [_counts(result, section) for section in DOCUMENT] == [(1, 0, 0, 0), (2, 0, 0, 0), (1, 0, 0, 0)]
    assert installation.query("SELECT id, empresa_id, nombre, telefono, activo FROM whatsapp_contactos") == [
        (1, 1, "Ana", "+51987654321", 1),
        (2, 1, "José", "+51976543210", 1),
    ]
    assert installation.query("SELECT variables, created_at FROM whatsapp_plantillas_mensajes") == [
        ('["nombre","valorización"]', "2025-01-23T08:00:00.000Z")
    ]
    assert installation.query("SELECT dias FROM whatsapp_configuracion_horarios") == [("[1,2,3,4,5]",)]


def test_a_second_import_changes_nothing(installation: Installation) -> None:
    _import(installation, DOCUMENT)
    before = installation.dump()

    result = _import(installation, DOCUMENT, "--json")

    assert [_counts(result, section) for section in DOCUMENT] == [(0, 0, 1, 0), (0, 0, 2, 0), (0, 0, 1, 0)]
    assert installation.dump() == before


def test_only_what_differs_is_updated(installation: Installation) -> None:
    _import(installation, DOCUMENT)
    changed = copy.deepcopy(DOCUMENT)
    changed["contactos"][1]["nombre"] = "José Luis"
    changed["empresas"][0]["hora_fin"] = "19:30"

    result = _import(installation, changed, "--json")

    assert [_counts(result, section) for section in DOCUMENT] == [(0, 1, 0, 0), (0, 1, 1, 0), (0, 0, 1, 0)]
    assert installation.query("SELECT nombre FROM whatsapp_contactos WHERE id = 2") == [("José Luis",)]


def test_numbers_are_checked_when_they_come(installation: Installation) -> None:
    landline = copy.deepcopy(DOCUMENT)
    landline["contactos"][0]["telefono"] = "+51 1 234 5678"

    _import(installation, landline)

    checks = "SELECT telefono_motivo, telefono_revisado_at FROM whatsapp_contactos ORDER BY id"
    moment = "2025-01-23T08:00:00.000Z"
    assert installation.query(checks) == [("not_mobile", moment), (None, moment)]


def test_a_new_number_is_not_blamed_for_the_old_one(installation: Installation) -> None:
    _import(installation, DOCUMENT)
    installation.query(
        "UPDATE whatsapp_contactos SET telefono_motivo = 'not_mobile', telefono_codigo_error = 131026, "
        "telefono_rechazado_at = '2025-01-22T10:00:00.000Z'"
    )
    changed = copy.deepcopy(DOCUMENT)
    changed["contactos"][0]["telefono"] = "+51987654399"
    changed["contactos"][1]["nombre"] = "José Luis"

    _import(installation, changed)

    assert installation.query(
        "SELECT telefono_motivo, telefono_rechazado_at, telefono_codigo_error FROM whatsapp_contactos "
        "ORDER BY id"
    ) == [(None, None, None), ("not_mobile", "2025-01-22T10:00:00.000Z", 131026)]


def test_what_meta_told_of_a_template_holds_for_its_name_only(installation: Installation) -> None:
    _import(installation, DOCUMENT)
    changed = copy.deepcopy(DOCUMENT)

    def told_after(**new: object) -> list[tuple[object, ...]]:
        installation.query("UPDATE whatsapp_plantillas_mensajes SET meta_estado = 'APPROVED'")
        changed["plantillas"][0].update(new)
        _import(installation, changed)
        return installation.query("SELECT meta_estado FROM whatsapp_plantillas_mensajes")

    assert told_after(evento="APROBADA") == [("APPROVED",)]
    assert told_after(nombre="valorizacion_aprobada") == [(None,)]


def test_a_contact_switched_off_since_stays_off(installation: Installation) -> None:
    _import(installation, DOCUMENT)
    installation.query("UPDATE whatsapp_contactos SET activo = 0 WHERE id = 1")

    result = _import(installation, DOCUMENT, "--json")

    assert _counts(result, "contactos") == (0, 0, 2, 0)
    assert installation.query("SELECT activo FROM whatsapp_contactos WHERE id = 1") == [(0,)]


def test_a_bad_phone_is_rejected_without_being_printed_and_the_others_are_saved(
    installation: Installation,
) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["contactos"][0]["telefono"] = "+5112345"

    result = _import(installation, document)

    assert result.code == 1
    assert "contactos[0] (id 1): telefono no es un número válido" in result.err
    assert "5112345" not in result.out + result.err
    assert installation.query("SELECT id FROM whatsapp_contactos") == [(2,)]


def test_local_numbers_need_the_region(installation: Installation) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["contactos"][0]["telefono"] = "987 654 321"

    without = _import(installation, document)
    within = _import(installation, document, "--region", "pe")

    assert without.code == 1
    assert within.code == 0
    assert installation.query("SELECT telefono FROM whatsapp_contactos WHERE id = 1") == [("+51987654321",)]


@pytest.mark.parametrize(
    ("section", "change", "told"),
    [
        ("empresas", {"zona_horaria": "America/Nowhere"}, "campo zona_horaria: zona horaria desconocida"),
        ("empresas", {"hora_inicio": "8:00"}, "campo hora_inicio: debe ser HH:MM"),
        ("empresas", {"hora_fin": "24:00"}, "campo hora_fin: debe ser HH:MM"),
        ("empresas", {"dias": [1, 8]}, "campo dias: días distintos"),
        ("empresas", {"dias": []}, "campo dias: valor no válido"),
        ("contactos", {"empresa_id": 99}, "la empresa 99 no existe"),
        ("contactos", {"nombre": ""}, "campo nombre: valor no válido"),
        ("contactos", {"telefono": 51987654321}, "campo telefono: valor no válido"),
        ("contactos", {"apodo": "x"}, "campo desconocido"),
        ("plantillas", {"categoria": "OTHER"}, "campo categoria: valor no válido"),
        ("plantillas", {"idioma": "Spanish"}, "campo idioma: valor no válido"),
    ],
)
def test_a_wrong_field_is_told_by_its_name(
    installation: Installation, section: str, change: dict[str, object], told: str
) -> None:
    document = copy.deepcopy(DOCUMENT)
    document[section][0].update(change)

    result = _import(installation, document)

    assert result.code == 1
    assert f"{section}[0]" in result.err
    assert told in result.err
    assert "51987654321" not in result.err


def test_a_repeated_identifier_is_rejected(installation: Installation) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["contactos"][1]["id"] = 1

    result = _import(installation, document, "--json")

    assert _counts(result, "contactos") == (1, 0, 0, 1)
    assert "contactos[1] (id 1): identificador repetido" in result.err


@pytest.mark.parametrize(
    "content",
    [b"", b"[1, 2]", b'{"empresas": {}}', b'{"usuarios": []}', b'{"contactos": [1, null'],
)
def test_what_is_no_such_document_is_refused_in_one_line(installation: Installation, content: bytes) -> None:
    path = installation.root / "import.json"
    path.write_bytes(content)

    result = installation.run("import", str(path))

    assert result.code == 1
    assert result.err.count("\n") == 1
    assert "Traceback" not in result.err


def test_a_missing_file_is_told(installation: Installation) -> None:
    result = installation.run("import", str(installation.root / "nothing.json"))

    assert result.code == 1
    assert "nothing.json" in result.err


def test_an_import_of_many_rows_goes_in_batches(installation: Installation) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["contactos"] = [
        {"id": number, "empresa_id": 1, "nombre": f"C{number}", "telefono": f"+5198{number:07d}"}
        for number in range(1, 1001)
    ]

    first = _import(installation, document, "--json")
    second = _import(installation, document, "--json")

    assert _counts(first, "contactos") == (1000, 0, 0, 0)
    assert _counts(second, "contactos") == (0, 0, 1000, 0)
