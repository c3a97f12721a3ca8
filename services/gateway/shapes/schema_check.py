"""Whether fields are as a schema says: pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import UnionType
from typing import Any

from services.common.errors import InvalidArgumentError
from services.gateway.shapes.base import Answer
from services.gateway.shapes.document_fields import changed_fields

MAX_VIOLATIONS = 1000
# What is not here is a text: a document holds the address of a picture, not the picture.
TYPES: Mapping[str, type | UnionType] = {
    "number": int | float,
    "float": int | float,
    "integer": int,
    "boolean": bool,
    "object": Mapping,
    "array": list,
}
MOMENTS = frozenset({"date", "datetime"})
DEPTH = 16


class Violation(Answer):
    """One field that is not as the schema says."""

    field: str
    expected: str
    message: str


class SchemaCheck(Answer):
    """The outcome; fields that the schema does not name are allowed."""

    collection_id: str
    valid: bool
    violations: list[Violation]
    unknown_fields: list[str]


def check_fields(collection_id: str, body: Mapping[str, Any], properties: Mapping[str, Any]) -> SchemaCheck:
    """What of a document's fields is wrong; null is right where a field is not required."""
    try:
        fields = changed_fields(body, "body")
    except InvalidArgumentError as error:
        path = error.details.get("path", "body")
        found = [Violation(field=path.removeprefix("body."), expected="a field of the user's", message=error.message)]
        return SchemaCheck(collection_id=collection_id, valid=False, violations=found, unknown_fields=[])
    found = [each for _, each in zip(range(MAX_VIOLATIONS), _violations(fields, properties, "", 0), strict=False)]
    unknown = sorted(name for name in fields if name.partition(".")[0] not in properties)
    return SchemaCheck(collection_id=collection_id, valid=not found, violations=found, unknown_fields=unknown)


def _violations(fields: Mapping[str, Any], properties: Mapping[str, Any], path: str, depth: int) -> Iterator[Violation]:
    for name, rule in properties.items():
        value, where = fields.get(name), f"{path}{name}"
        if value is not None:
            yield from _wrong(value, rule, where, depth)
        elif rule.get("required"):
            yield Violation(field=where, expected=rule["type"], message=f"'{where}' is required.")


def _wrong(value: Any, rule: Mapping[str, Any], where: str, depth: int) -> Iterator[Violation]:
    kind = rule["type"]
    if not _is(kind, value):
        yield Violation(field=where, expected=kind, message=f"'{where}' must be of type {kind}.")
    elif rule.get("enum") and value not in rule["enum"]:
        yield Violation(field=where, expected=kind, message=f"'{where}' is none of the values allowed.")
    elif depth < DEPTH and kind == "object":
        yield from _violations(value, rule.get("properties") or {}, f"{where}.", depth + 1)
    elif depth < DEPTH and kind == "array" and rule.get("items"):
        for position, item in enumerate(value):
            yield from _wrong(item, rule["items"], f"{where}.{position}", depth + 1)


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind in MOMENTS:
        return isinstance(value, str) and _is_moment(value)
    return isinstance(value, TYPES.get(kind, str))


def _is_moment(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
