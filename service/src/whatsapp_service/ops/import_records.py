"""Saving an import document: what is new is created, what differs is updated, the rest is left alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson
from libsql_client import Client, InStatement, Value
from whatsapp_database import rows
from whatsapp_database.timestamps import to_text

from whatsapp_service.clock import Clock
from whatsapp_service.contacts import phone_fault
from whatsapp_service.ops.import_document import ImportDocument, RejectedRow
from whatsapp_service.ops.texts import Texts

BATCH_ROWS = 200
"""Rows compared and saved in one transaction."""


@dataclass(slots=True)
class SectionResult:
    """Rows of one list of the document by what became of them."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0


@dataclass(slots=True)
class ImportResult:
    """What an import did, by list of the document."""

    sections: dict[str, SectionResult]
    rejected: list[RejectedRow] = field(default_factory=list)


_Record = dict[str, Value]


@dataclass(frozen=True, slots=True)
class _Table:
    """`derived` gives the columns that follow from new or changed values, at the moment of the import."""

    name: str
    key: str
    timestamps: bool
    derived: Callable[[_Record, str], _Record] = lambda _given, _moment: {}


async def import_document(
    client: Client, document: ImportDocument, *, now: Clock, texts: Texts
) -> ImportResult:
    """Save the document's sound rows; contacts of an unknown company are rejected.

    A row without ``activo`` keeps the one that it has (a new one is active), so that repeating an import does
    not bring back a contact who has been switched off since.

    Raises:
        DatabaseError: the database cannot be used; batches saved before that stay.
    """
    moment = to_text(now())
    rejected = list(document.rejected)
    sections = {
        "empresas": await _save(
            client, _COMPANIES, [_record(company, ("dias",)) for company in document.companies], moment
        )
    }
    companies = await _company_ids(client)
    contacts = []
    for contact in document.contacts:
        if contact.empresa_id in companies:
            contacts.append(_record(contact))
            continue
        reason = texts("reason_company", empresa_id=contact.empresa_id)
        position = document.positions["contactos", contact.id]
        rejected.append(RejectedRow("contactos", position, str(contact.id), reason))
    sections["contactos"] = await _save(client, _CONTACTS, contacts, moment)
    templates = [_record(template, ("variables",)) for template in document.templates]
    sections["plantillas"] = await _save(client, _TEMPLATES, templates, moment)
    for row in rejected:
        sections[row.section].rejected += 1
    return ImportResult(sections, rejected)


def _record(row: object, json_columns: Sequence[str] = ()) -> _Record:
    values: Mapping[str, object] = dict(row)  # type: ignore[call-overload]  # pydantic models iterate as pairs
    record: _Record = {}
    for name, value in values.items():
        if name in json_columns:
            record[name] = orjson.dumps(value).decode()
        elif isinstance(value, bool):
            record[name] = int(value)
        elif isinstance(value, int | str):
            record[name] = value
    return record


async def _company_ids(client: Client) -> set[int]:
    found = await client.execute("SELECT empresa_id FROM whatsapp_configuracion_horarios")
    return {rows.integer(row, "empresa_id") for row in found.rows}


async def _save(client: Client, table: _Table, records: list[_Record], moment: str) -> SectionResult:
    result = SectionResult()
    for start in range(0, len(records), BATCH_ROWS):
        batch = records[start : start + BATCH_ROWS]
        present = await _present(client, table, [record[table.key] for record in batch])
        statements: list[InStatement] = []
        for record in batch:
            old = present.get(record[table.key])
            if old is None:
                statements.append(_insert(table, record, moment))
                result.created += 1
            elif changed := {name: value for name, value in record.items() if old[name] != value}:
                statements.append(_update(table, record[table.key], changed, moment))
                result.updated += 1
            else:
                result.unchanged += 1
        if statements:
            await client.batch(statements)
    return result


def _about_number(given: _Record, moment: str) -> _Record:
    """What is known of a new number: the check of today, and nothing of Meta's about the old one."""
    number = given.get("telefono")
    if not isinstance(number, str):
        return {}
    return {
        "telefono_motivo": phone_fault(number),
        "telefono_revisado_at": moment,
        "telefono_rechazado_at": None,
        "telefono_codigo_error": None,
    }


def _about_template(given: _Record, _moment: str) -> _Record:
    """What Meta told of the template holds for its name and language only."""
    if given.keys().isdisjoint({"nombre", "idioma"}):
        return {}
    return dict.fromkeys(("meta_estado", "meta_calidad", "meta_categoria", "meta_motivo", "meta_at"))


async def _present(client: Client, table: _Table, keys: list[Value]) -> dict[Value, _Record]:
    marks = ", ".join("?" for _ in keys)
    found = await client.execute(f"SELECT * FROM {table.name} WHERE {table.key} IN ({marks})", tuple(keys))  # noqa: S608 (constants of this module)
    return {row[table.key]: dict(zip(found.columns, row, strict=True)) for row in found.rows}


def _insert(table: _Table, record: _Record, moment: str) -> InStatement:
    values = record | table.derived(record, moment)
    if table.timestamps:
        values |= {"created_at": moment, "updated_at": moment}
    columns, marks = ", ".join(values), ", ".join("?" for _ in values)
    return (f"INSERT INTO {table.name} ({columns}) VALUES ({marks})", tuple(values.values()))  # noqa: S608 (columns of the validated models)


def _update(table: _Table, key: Value, changed: _Record, moment: str) -> InStatement:
    values = changed | table.derived(changed, moment)
    if table.timestamps:
        values["updated_at"] = moment
    columns = ", ".join(f"{name} = ?" for name in values)
    return (f"UPDATE {table.name} SET {columns} WHERE {table.key} = ?", (*values.values(), key))  # noqa: S608 (columns of the validated models)


_COMPANIES = _Table("whatsapp_configuracion_horarios", "empresa_id", timestamps=False)
_CONTACTS = _Table("whatsapp_contactos", "id", timestamps=True, derived=_about_number)
_TEMPLATES = _Table("whatsapp_plantillas_mensajes", "id", timestamps=True, derived=_about_template)
