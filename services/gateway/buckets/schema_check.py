"""Whether fields are as a schema says: pure."""

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any

from services.common.errors import InvalidArgumentError
from services.common.json.instants import moment_of
from services.gateway.kit.shapes import Answer

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
# Up to here every whole number is a double of its own.
WHOLE = 2.0**53
EXAMPLES: Mapping[str, str] = {
    "number": "12.5, without quotation marks",
    "float": "12.5, without quotation marks",
    "integer": "12, without quotation marks",
    "boolean": "true",
    "date": '"2026-01-31"',
    "datetime": '"2026-01-31T12:00:00Z"',
}


class Violation(Answer):
    """One field that is not as the schema says."""

    field: str
    expected: str
    message: str


def require_types(fields: Mapping[str, Any], properties: Mapping[str, Any], path: str) -> None:
    """InvalidArgumentError for the first field that is not of the type that its schema declares; null always is.

    Fields of text, and of files, take any value: a label may be a number or a list.
    """
    named = _spelled_out(fields, properties)
    for name, value in named:
        rule = _rule_at(properties, name)
        for wrong in _wrong(value, rule, name, 0, checks_all=False):
            raise InvalidArgumentError(f"{path}.{wrong.field}: {wrong.message}", path=f"{path}.{wrong.field}")


def _spelled_out(fields: Mapping[str, Any], properties: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The fields that the schema names, those with dots in their names too."""
    return [(name, value) for name, value in fields.items() if value is not None and _rule_at(properties, name)]


def _rule_at(properties: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """What the schema says of a dotted name, empty for nothing."""
    if name in properties:
        return properties[name] or {}
    root, dot, rest = name.partition(".")
    inside = (properties.get(root) or {}).get("properties")
    return _rule_at(inside, rest) if dot and inside else {}


def violations_of(
    fields: Mapping[str, Any], properties: Mapping[str, Any], path: str, depth: int, *, checks_all: bool = True
) -> Iterator[Violation]:
    """What of the fields is wrong, and missing where the schema requires it."""
    for name, rule in properties.items():
        value, where = fields.get(name), f"{path}{name}"
        if value is not None:
            yield from _wrong(value, rule, where, depth, checks_all=checks_all)
        elif checks_all and rule.get("required"):
            yield Violation(field=where, expected=rule["type"], message=f"'{where}' is required.")


def _wrong(
    value: Any, rule: Mapping[str, Any], where: str, depth: int, *, checks_all: bool = True
) -> Iterator[Violation]:
    """`checks_all` is about texts, values that a schema lists, and fields that it requires."""
    kind = rule["type"]
    if not _is(kind, value) and (checks_all or kind in TYPES or kind in MOMENTS):
        yield Violation(field=where, expected=kind, message=_message(kind, where))
    elif checks_all and rule.get("enum") and value not in rule["enum"]:
        yield Violation(field=where, expected=kind, message=f"'{where}' is none of the values allowed.")
    elif depth < DEPTH and kind == "object":
        inside = rule.get("properties") or {}
        yield from violations_of(value, inside, f"{where}.", depth + 1, checks_all=checks_all)
    elif depth < DEPTH and kind == "array" and rule.get("items"):
        for position, item in enumerate(value):
            yield from _wrong(item, rule["items"], f"{where}.{position}", depth + 1, checks_all=checks_all)


def _message(kind: str, where: str) -> str:
    example = EXAMPLES.get(kind)
    return f"'{where}' must be of type {kind}{f', such as {example}' if example else ''}."


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind in MOMENTS:
        return moment_of(value) is not None
    if kind == "integer" and isinstance(value, float):
        return value.is_integer() and abs(value) < WHOLE
    return isinstance(value, TYPES.get(kind, str))
