"""The OpenAPI 3.1 document of the table of operations (https://spec.openapis.org/oas/v3.1.0)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from whatsapp_service.api.errors import ErrorAnswer
from whatsapp_service.api.fields import LARGEST
from whatsapp_service.api.operations import JSON, Answer, Nothing, Operation

_REFERENCE: Final = "#/components/schemas/{model}"
_KEY: Final = "apiKey"

ALWAYS: Final = {
    414: Answer("`uri_too_long`"),
    431: Answer("`headers_too_large`"),
    500: Answer("`internal_error`: the log has it under the request id."),
    503: Answer("`database_unavailable`: try again."),
    504: Answer("`timeout`: it took longer than REQUEST_TIMEOUT."),
}
WITH_KEY: Final = {
    401: Answer("`unauthorized`: no key, or none that is known."),
    403: Answer("`forbidden`: the key lacks the scope."),
}
_WITH_QUERY: Final = {422: Answer("`invalid_parameter`: wrong, unknown or doubled.")}
_WITH_BODY: Final = {
    400: Answer("`invalid_json`"),
    413: Answer("`body_too_large`"),
    415: Answer("`unsupported_media_type`"),
    422: Answer("`invalid_field`, or `invalid_parameter` in the query string."),
}


def answers_of(operation: Operation) -> dict[int, Answer]:
    """All answers of the operation by status, those that every operation has included."""
    return dict(
        sorted(
            {
                **ALWAYS,
                **(WITH_KEY if operation.scopes else {}),
                **(_WITH_QUERY if operation.query is not None else {}),
                **(_WITH_BODY if _has_body(operation) else {}),
                **operation.answers,
            }.items()
        )
    )


def build_document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The document; every operation is in it."""
    references, schemas = _schemas(operations)
    queries = {operation.query for operation in operations if operation.query is not None}
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(
            operation, references, schemas
        )
    for query in queries:  # they are parameters, not bodies
        schemas.pop(query.__name__, None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "WhatsApp notifications",
            "version": version("whatsapp-service"),
            "description": "Accepts notifications, tells of them, and receives Meta's webhooks.",
        },
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {_KEY: {"type": "apiKey", "in": "header", "name": "X-API-Key"}},
        },
    }


def _operation(
    operation: Operation, references: Mapping[type[BaseModel], Any], schemas: Mapping[str, Any]
) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation_id(operation),
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": _parameters(operation, schemas),
        "responses": {
            str(status): _response(answer, references) for status, answer in answers_of(operation).items()
        },
        "security": [{_KEY: []}] if operation.scopes else [],
    }
    if operation.scopes:
        described["x-scopes"] = list(operation.scopes)
    if operation.body is not None and operation.body is not Nothing:
        required = bool(schemas[operation.body.__name__].get("required"))
        described["requestBody"] = {
            "required": required,
            "content": {JSON: {"schema": references[operation.body]}},
        }
    elif operation.documented_body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": dict(operation.documented_body)}},
        }
    return described


def operation_id(operation: Operation) -> str:
    """A name for generated clients: `post_api_notifications_id_cancel`."""
    words = "".join(letter if letter.isalnum() else " " for letter in operation.path).split()
    return "_".join([operation.method.lower(), *words])


def _parameters(operation: Operation, schemas: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if "{id}" in operation.path:
        identifier = {"type": "integer", "minimum": 1, "maximum": LARGEST}
        found.append({"name": "id", "in": "path", "required": True, "schema": identifier, "example": 1})
    if operation.query is not None and operation.query is not Nothing:
        model = schemas[operation.query.__name__]
        for name, schema in model.get("properties", {}).items():
            parameter = {"name": name, "in": "query", "required": name in model.get("required", ())}
            if "description" in schema:
                parameter["description"] = schema["description"]
            found.append({**parameter, "schema": _parameter_schema(schema)})
    found.extend(
        {"name": name, "in": "query", **documented} for name, documented in operation.documented_query.items()
    )
    for header in operation.headers:
        found.append(
            {
                "name": header.name,
                "in": "header",
                "required": header.required,
                "description": header.description,
                "schema": dict(header.schema),
            }
        )
    return found


def _parameter_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without what the parameter says itself, and without null: a query string has none."""
    bare = {key: value for key, value in schema.items() if key not in {"title", "description", "default"}}
    choices = [choice for choice in bare.pop("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        bare.update(choices[0])
    if schema.get("default") not in (None, []):
        bare["default"] = schema["default"]
    return bare


def _response(answer: Answer, references: Mapping[type[BaseModel], Any]) -> dict[str, Any]:
    schema: Any = {"type": "string"} if answer.model is None else references[answer.model]
    return {"description": answer.description, "content": {answer.media_type: {"schema": schema}}}


def _schemas(
    operations: Sequence[Operation],
) -> tuple[dict[type[BaseModel], dict[str, Any]], dict[str, dict[str, Any]]]:
    """References to the models, and the models' schemas by name."""
    modes: dict[type[BaseModel], JsonSchemaMode] = {ErrorAnswer: "serialization"}
    for operation in operations:
        for model in (operation.query, operation.body):
            if model is not None and model is not Nothing:
                modes[model] = "validation"
        for answer in operation.answers.values():
            if answer.model is not None:
                modes[answer.model] = "serialization"
    references, definitions = models_json_schema(list(modes.items()), ref_template=_REFERENCE)
    return {model: references[model, mode] for model, mode in modes.items()}, definitions["$defs"]


def _has_body(operation: Operation) -> bool:
    return operation.body is not None and operation.body is not Nothing
