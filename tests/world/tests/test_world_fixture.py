"""The lab's data document."""

import json
from pathlib import Path

import phonenumbers
import pytest
from whatsapp_world.__main__ import main
from whatsapp_world.errors import UsageError
from whatsapp_world.fixture.document import build_document, read_document
from whatsapp_world.graph.templates import read_templates


def test_document_is_repeatable() -> None:
    assert build_document(companies=8, contacts_per_company=25) == build_document(
        companies=8, contacts_per_company=25
    )
    assert build_document(companies=8, contacts_per_company=25, seed=1) != build_document(
        companies=8, contacts_per_company=25
    )


def test_every_contact_has_a_valid_peruvian_mobile_of_its_own() -> None:
    contacts = build_document(companies=8, contacts_per_company=25)["contactos"]
    numbers = [phonenumbers.parse(contact["telefono"]) for contact in contacts]

    assert len({contact["telefono"] for contact in contacts}) == 200
    assert {phonenumbers.region_code_for_number(number) for number in numbers} == {"PE"}
    assert {phonenumbers.number_type(number) for number in numbers} == {phonenumbers.PhoneNumberType.MOBILE}
    assert {contact["empresa_id"] for contact in contacts} == set(range(1, 9))


def test_companies_are_always_open() -> None:
    companies = build_document(companies=8, contacts_per_company=1)["empresas"]

    assert {(company["hora_inicio"], company["hora_fin"]) for company in companies} == {("00:00", "23:59")}
    assert all(company["dias"] == [1, 2, 3, 4, 5, 6, 7] for company in companies)
    assert len({company["empresa_nombre"] for company in companies}) == 8


def test_printed_document_is_what_graph_and_traffic_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["fixture", "--contacts", "2"])
    file = tmp_path / "fixture.json"
    file.write_text(capsys.readouterr().out, encoding="utf-8")

    document = read_document(file)
    templates = read_templates(file)
    assert status == 0
    assert document == json.loads(file.read_text(encoding="utf-8"))
    assert len(document["contactos"]) == 16
    assert len(templates) == 6
    for plantilla in document["plantillas"]:
        state = templates.find(plantilla["nombre"], "es")
        assert state is not None
        assert len(state.template.placeholders) == len(plantilla["variables"])


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"contactos": [], "plantillas": []}'])
def test_other_documents_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(UsageError):
        read_document(file)
