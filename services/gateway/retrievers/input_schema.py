"""What inputs a retriever takes: types from the contract's list, defaults, and which are required."""

from collections.abc import Mapping
from typing import Any

from services.common.errors import InvalidArgumentError
from services.gateway.kit.shapes import JsonObject

TYPES = (
    *("string", "number", "integer", "float", "boolean", "object", "array", "date", "datetime", "text", "image"),
    *("audio", "video", "pdf", "excel", "document_reference"),
)
MOST_INPUTS = 100


def read_input_schema(raw: JsonObject | None) -> JsonObject:
    """A flat map of fields, also when it came as {"properties": {...}}; a bare word is a type."""
    given = raw or {}
    fields = given["properties"] if isinstance(given.get("properties"), dict) else given
    if len(fields) > MOST_INPUTS:
        raise _invalid(f"names more than {MOST_INPUTS} inputs.", "body.input_schema")
    return {name: _field(spec, f"body.input_schema.{name}") for name, spec in fields.items()}


def _field(spec: Any, path: str) -> JsonObject:
    field = {"type": spec} if isinstance(spec, str) else spec
    if not isinstance(field, Mapping):
        raise _invalid("must be an object with a 'type'.", path)
    if field.get("type") not in TYPES:
        raise _invalid(f"must be one of {', '.join(TYPES)}.", f"{path}.type")
    checks = (("description", str), ("required", bool), ("enum", list), ("examples", list))
    for name, kind in checks:
        if field.get(name) is not None and not isinstance(field[name], kind):
            raise _invalid(f"must be of type {kind.__name__}.", f"{path}.{name}")
    return dict(field)


def with_defaults(inputs: JsonObject | None, schema: Mapping[str, Any]) -> JsonObject:
    """The inputs with the defaults of those that are missing; InvalidArgumentError for one that is required."""
    given = dict(inputs or {})
    for name, spec in schema.items():
        if given.get(name) is not None:
            continue
        if spec.get("default") is not None:
            given[name] = spec["default"]
        elif spec.get("required"):
            raise _invalid("is required by the retriever's input_schema.", f"body.inputs.{name}")
    return given


def _invalid(message: str, path: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"{path} {message}", path=path)
