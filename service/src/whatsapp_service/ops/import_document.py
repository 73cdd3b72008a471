"""The import document: companies' hours, contacts and templates, validated row by row.

``{"empresas": [...], "contactos": [...], "plantillas": [...]}``; each list may be missing. A row that is not
sound is rejected by itself, told by its position and identifier, never by its content: it may be a
phone number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
import phonenumbers
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from whatsapp_service.ops.errors import PermanentError
from whatsapp_service.ops.texts import Texts

SIZE_LIMIT_BYTES = 64 * 1024 * 1024

Identifier = Annotated[int, Field(strict=True, ge=1, le=2**53)]
Name = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=200)]
Hour = Annotated[str, StringConstraints(strict=True)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Company(_Row):
    """Hours in which a company's contacts may be written to; `dias` are ISO weekdays (1 is Monday)."""

    empresa_id: Identifier
    empresa_nombre: Name
    zona_horaria: Name
    hora_inicio: Hour
    hora_fin: Hour
    dias: Annotated[list[Annotated[int, Field(strict=True)]], Field(min_length=1, max_length=7)]
    activo: bool | None = None

    @field_validator("zona_horaria")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise PydanticCustomError("field_zone", "unknown time zone") from None
        return value

    @field_validator("hora_inicio", "hora_fin")
    @classmethod
    def _hour_of_day(cls, value: str) -> str:
        hour, colon, minute = value.partition(":")
        sound = len(value) == 5 and colon and value.isascii() and hour.isdigit() and minute.isdigit()
        if not sound or int(hour) > 23 or int(minute) > 59:
            raise PydanticCustomError("field_hour", "must be HH:MM")
        return value

    @field_validator("dias")
    @classmethod
    def _weekdays(cls, value: list[int]) -> list[int]:
        if len(set(value)) != len(value) or any(not 1 <= day <= 7 for day in value):
            raise PydanticCustomError("field_days", "different days from 1 to 7")
        return sorted(value)


class Contact(_Row):
    """A person of a company; `telefono` is E.164 after reading."""

    id: Identifier
    empresa_id: Identifier
    nombre: Name
    telefono: Annotated[str, StringConstraints(strict=True, max_length=40)] = Field(repr=False)
    activo: bool | None = None


class Template(_Row):
    """A template registered at Meta under `nombre`; `variables` name ``{{1}}``, ``{{2}}``, … in order."""

    id: Identifier
    evento: Name
    nombre: Name
    idioma: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]{2,3}(_[A-Z]{2})?$")]
    categoria: Literal["UTILITY", "MARKETING", "AUTHENTICATION"]
    cuerpo: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=4096)]
    variables: Annotated[list[Name], Field(max_length=50)] = []
    activo: bool | None = None


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was not taken: where it is in the document, its identifier if it has one, and why."""

    section: str
    position: int
    identifier: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImportDocument:
    """The sound rows of a document, and the others."""

    companies: list[Company]
    contacts: list[Contact]
    templates: list[Template]
    positions: Mapping[tuple[str, int], int]
    rejected: list[RejectedRow]


def read_document(path: Path, *, region: str | None, texts: Texts) -> ImportDocument:
    """Read and validate a document; `region` (ISO country) is that of numbers without international prefix.

    Raises:
        PermanentError: the file cannot be read, is too big, or is not such a document.
    """
    try:
        if path.stat().st_size > SIZE_LIMIT_BYTES:
            raise PermanentError(texts("import_too_big", path=path, limit=SIZE_LIMIT_BYTES // 2**20))
        document = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise PermanentError(texts("import_not_json", path=path, line=error.lineno)) from None
    except OSError as error:
        raise PermanentError(texts("import_unreadable", path=path, detail=error.strerror)) from error
    if not isinstance(document, dict):
        raise PermanentError(texts("import_bad_shape", detail=type(document).__name__))
    for section, rows in document.items():
        if section not in {"empresas", "contactos", "plantillas"} or not isinstance(rows, list):
            raise PermanentError(texts("import_bad_shape", detail=str(section)[:40]))
    reader = _SectionReader(texts)
    companies = reader.read("empresas", document.get("empresas", []), Company, "empresa_id")
    contacts = reader.read("contactos", document.get("contactos", []), Contact, "id")
    templates = reader.read("plantillas", document.get("plantillas", []), Template, "id")
    normalised = []
    for contact in contacts:
        number = _e164(contact.telefono, region)
        if number is None:
            reader.reject("contactos", contact.id, texts("reason_phone"))
        else:
            normalised.append(contact.model_copy(update={"telefono": number}))
    return ImportDocument(companies, normalised, templates, reader.positions, reader.rejected)


RowT = TypeVar("RowT", bound=_Row)


class _SectionReader:
    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self.positions: dict[tuple[str, int], int] = {}
        self.rejected: list[RejectedRow] = []

    def read(self, section: str, rows: list[object], model: type[RowT], key: str) -> list[RowT]:
        sound: list[RowT] = []
        for position, raw in enumerate(rows):
            identifier = raw.get(key) if isinstance(raw, dict) else None
            try:
                row = model.model_validate(raw)
            except ValidationError as error:
                self._reject_at(section, position, identifier, self._reason(error))
                continue
            number = int(getattr(row, key))
            if (section, number) in self.positions:
                self._reject_at(section, position, number, self._texts("reason_duplicate"))
                continue
            self.positions[section, number] = position
            sound.append(row)
        return sound

    def reject(self, section: str, identifier: int, reason: str) -> None:
        self._reject_at(section, self.positions[section, identifier], identifier, reason)

    def _reject_at(self, section: str, position: int, identifier: object, reason: str) -> None:
        shown = str(identifier) if isinstance(identifier, int) and identifier < 10**7 else "?"
        self.rejected.append(RejectedRow(section, position, shown, reason))

    def _reason(self, error: ValidationError) -> str:
        """Name the first wrong field; pydantic's own words may repeat the value."""
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if not first["loc"]:
            return self._texts("reason_not_object")
        kind = str(first["type"])
        key = {"missing": "field_missing", "extra_forbidden": "field_unknown"}.get(kind, kind)
        detail = self._texts(key if key.startswith("field_") else "field_invalid")
        name = "?" if kind == "extra_forbidden" else str(first["loc"][0])
        return self._texts("reason_field", name=name, detail=detail)


def _e164(text: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
