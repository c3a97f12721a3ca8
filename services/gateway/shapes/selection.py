"""What of a document to answer: the fields that `select` names, and the documents that `expand` refers to. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.common.errors import InvalidArgumentError
from services.gateway.shapes.base import JsonObject

ALWAYS = ("document_id", "collection_id")
EXPANDED = "_expanded"
SYSTEM = frozenset({"taxonomy_match", "document_blobs", "_internal", EXPANDED})
MAX_REFERENCES = 50
MISSING = object()


def selected(document: Mapping[str, Any], paths: Sequence[str]) -> JsonObject:
    """The document with its ids and the values at `paths`; a user's field stands at the root and in `metadata`."""
    chosen: JsonObject = {name: document[name] for name in ALWAYS}
    for path in sorted(paths, key=lambda path: (path != "metadata", path.count("."))):
        _choose(chosen, document, path)
    return chosen


def _choose(chosen: JsonObject, document: Mapping[str, Any], path: str) -> None:
    parts = tuple(path.split("."))
    if parts[0] in SYSTEM or parts == ("metadata",):
        _copy(chosen, document, parts)
        return
    user = parts[1:] if parts[0] == "metadata" else parts
    _copy(chosen, document, user)
    _copy(chosen, document, ("metadata", *user))


def _copy(chosen: JsonObject, document: Mapping[str, Any], parts: tuple[str, ...]) -> None:
    value = value_at(document, parts)
    if value is not MISSING:
        _put(chosen, parts, value)


def _put(chosen: JsonObject, parts: tuple[str, ...], value: Any) -> None:
    inside = chosen
    for part in parts[:-1]:
        inside = inside.setdefault(part, {})
    inside.setdefault(parts[-1], value)


def references(documents: Sequence[Mapping[str, Any]], paths: Sequence[str]) -> set[str]:
    """The document ids that stand in these fields, alone or in lists."""
    found = {each for document in documents for path in paths for each in _ids(document, path)}
    if len(found) > MAX_REFERENCES:
        message = f"expand finds more than {MAX_REFERENCES} documents; ask for a shorter page."
        raise InvalidArgumentError(message, path="body.expand")
    return found


def resolved(
    document: Mapping[str, Any], paths: Sequence[str], known: Mapping[str, JsonObject]
) -> dict[str, list[JsonObject]]:
    """Field -> the documents that its ids name, in their order; ids that name none are left out."""
    return {path: [known[each] for each in _ids(document, path) if each in known] for path in paths}


def _ids(document: Mapping[str, Any], path: str) -> list[str]:
    value = value_at(document, path.split("."))
    listed = value if isinstance(value, list) else [value]
    return [item for item in listed if isinstance(item, str)]


def value_at(document: Mapping[str, Any], parts: Sequence[str]) -> Any:
    """The value at a path, MISSING where there is none."""
    value: Any = document
    for part in parts:
        if not isinstance(value, Mapping) or part not in value:
            return MISSING
        value = value[part]
    return value
