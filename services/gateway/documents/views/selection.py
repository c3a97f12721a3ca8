"""What of a document to answer: the fields that `select` names, and the documents that `expand` refers to. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.common.errors import InvalidArgumentError
from services.common.json.paths import POSITION, value_at
from services.gateway.kit.shapes import JsonObject

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
    found = _picked(document, parts)
    if found is not MISSING:
        _merge(chosen, found)


def _picked(holder: Any, parts: tuple[str, ...]) -> Any:
    """What holds the value at a path, and nothing else, spelled as it is stored; MISSING where there is none."""
    if not parts:
        return holder
    if isinstance(holder, list):
        return _picked_of_list(holder, parts)
    if isinstance(holder, Mapping):
        for length in range(len(parts), 0, -1):
            key = ".".join(parts[:length])
            if key in holder and (inside := _picked(holder[key], parts[length:])) is not MISSING:
                return {key: inside}
    return MISSING


def _picked_of_list(holder: list[Any], parts: tuple[str, ...]) -> Any:
    """A list keeps its length, so that what is chosen of each object stays together."""
    if POSITION.fullmatch(parts[0]):
        return holder if value_at(holder, ".".join(parts)) is not None else MISSING
    found = [_picked(element, parts) if isinstance(element, Mapping) else MISSING for element in holder]
    if all(each is MISSING for each in found):
        return MISSING
    return [{} if each is MISSING else each for each in found]


def _merge(chosen: JsonObject, found: Mapping[str, Any]) -> None:
    for key, value in found.items():
        before = chosen.get(key)
        if isinstance(before, dict) and isinstance(value, Mapping):
            chosen[key] = dict(before)
            _merge(chosen[key], value)
        elif isinstance(before, list) and isinstance(value, list) and len(before) == len(value):
            chosen[key] = [_together(*pair) for pair in zip(before, value, strict=True)]
        else:
            chosen.setdefault(key, value)


def _together(first: Any, second: Any) -> Any:
    if not isinstance(first, dict) or not isinstance(second, Mapping):
        return first
    both = dict(first)
    _merge(both, second)
    return both


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
    value = value_at(document, path)
    listed = value if isinstance(value, list) else [value]
    return [item for item in listed if isinstance(item, str)]
