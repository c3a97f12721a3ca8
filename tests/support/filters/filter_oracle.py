"""What a filter means, in plain Python: the reference that the SQL must agree with."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from services.common.filters import And, Condition, Filter, Not, Operator, Or
from services.common.filters.json_sql import spellings
from services.common.labels.label_values import label_value

COLUMNS = {"source_object_id": "object_id", "root_object_id": "object_id", "_internal.updated_at": "updated_at"}
PREFIXES = {"taxonomy_match": "taxonomy_match", "_internal": "internal"}


def holds(tree: Filter, document: Mapping[str, Any]) -> bool:
    match tree:
        case And(children):
            return all(holds(child, document) for child in children)
        case Or(children):
            return any(holds(child, document) for child in children)
        case Not(child):
            return not holds(child, document)
        case Condition():
            return _condition(tree, lookup(tree.field, document))


def lookup(field: str, document: Mapping[str, Any]) -> Any:
    column = COLUMNS.get(field, field)
    if column in document and column.endswith(("_id", "_at")):
        return document[column]
    path = field.removeprefix("_internal.").split(".")
    if path[0] == "labels" and (found := _walk(document["labels"], path[1:])) is not None:
        return found
    head, *rest = field.split(".")
    if head in PREFIXES and path[0] != "labels" and (found := _walk(document[PREFIXES[head]], rest)) is not None:
        return found
    return _user_field(field.split("."), document["fields"])


def _user_field(path: list[str], fields: Any) -> Any:
    found = _walk(fields, path)
    if found is None:
        found = _walk(fields, path[1:] if path[0] == "metadata" else ["metadata", *path])
    return found


def _walk(value: Any, path: list[str]) -> Any:
    """By the choices that there are, spelled out: which dots of the path are part of a key."""
    if not path:
        return value
    if isinstance(value, list):
        if path[0].isdigit():
            return _walk(value[int(path[0])], path[1:]) if int(path[0]) < len(value) else None
        found = [_walk(element, path) for element in value if isinstance(element, dict)]
        listed = [item for each in found for item in (each if isinstance(each, list) else [each]) if item is not None]
        return listed or None
    if not isinstance(value, dict):
        return None
    choices = [(".".join(path[:length]), path[length:]) for length in range(len(path), 0, -1)]
    found = [_walk(value[key], rest) for key, rest in choices if key in value]
    return next((each for each in found if each is not None), None)


def _condition(condition: Condition, value: Any) -> bool:
    wanted = condition.value
    match condition.operator:
        case Operator.EXISTS:
            return (value is not None) == wanted
        case Operator.IS_NULL:
            return (value is None) == wanted
        case Operator.IS_LABEL:
            return (label_value(value) is not None) == wanted
        case Operator.EQ | Operator.IN:
            return _equals(value, condition)
        case Operator.NE | Operator.NIN:
            return not _equals(value, condition)
        case Operator.CONTAINS if isinstance(value, str) and isinstance(wanted, str):
            return _fold(wanted, condition) in _fold(value, condition)
        case Operator.CONTAINS:
            return _equals(value, condition)
        case _:
            return any(_matches(item, condition) for item in _elements(value))


def _equals(value: Any, condition: Condition) -> bool:
    wanted = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    if value is None:
        return None in wanted
    plain = condition.field.endswith("_id") and not condition.ignore_case
    keys = {_key(item, condition) for item in (wanted if plain else spellings(wanted)) if item is not None}
    return any(_key(item, condition) in keys for item in _elements(value) if not isinstance(item, dict | list))


def _elements(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _key(value: Any, condition: Condition) -> tuple[str, Any]:
    if isinstance(value, datetime):
        return "time", value
    if isinstance(value, bool) or value is None:
        return "truth", value
    if isinstance(value, int | float):
        return "number", Decimal(str(value))
    if condition.field.endswith("_at"):
        return "time", datetime.fromisoformat(value)
    return "text", _fold(value, condition)


def _fold(text: str, condition: Condition) -> str:
    return text.lower() if condition.ignore_case else text


def _matches(item: Any, condition: Condition) -> bool:
    if condition.operator in (Operator.GT, Operator.LT, Operator.GTE, Operator.LTE):
        return _ordered(item, condition)
    return isinstance(item, str) and _text_matches(item, str(condition.value), condition)


def _ordered(item: Any, condition: Condition) -> bool:
    if isinstance(item, dict | list):
        return False
    (kind, left), (wanted_kind, right) = _key(item, condition), _key(condition.value, condition)
    if kind != wanted_kind or kind == "truth":
        return False
    match condition.operator:
        case Operator.GT:
            return bool(left > right)
        case Operator.LT:
            return bool(left < right)
        case Operator.GTE:
            return bool(left >= right)
        case _:
            return bool(left <= right)


def _text_matches(item: str, wanted: str, condition: Condition) -> bool:
    folded, target = _fold(item, condition), _fold(wanted, condition)
    words, targets = item.lower().split(), wanted.lower().split()
    match condition.operator:
        case Operator.STARTS_WITH:
            return folded.startswith(target)
        case Operator.ENDS_WITH:
            return folded.endswith(target)
        case Operator.REGEX:
            return re.search(wanted, item, re.IGNORECASE if condition.ignore_case else 0) is not None
        case Operator.TEXT:
            return bool(targets) and set(targets) <= set(words)
        case Operator.WORDS:
            return bool(set(targets) & set(words))
        case _:
            starts = range(len(words) - len(targets) + 1)
            return bool(targets) and any(words[start : start + len(targets)] == targets for start in starts)
