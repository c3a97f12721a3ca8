"""The fields that a request sets on a document: at the root or in `metadata`, a dotted key sets inside. Pure."""

from collections.abc import Mapping
from typing import Any

from services.common.errors import InvalidArgumentError
from services.gateway.kit.shapes import JsonObject

SYSTEM = frozenset(
    {"document_id", "collection_id", "namespace_id", "taxonomy_match", "document_blobs", "_internal", "_expanded"}
)
MAX_FIELDS = 1000
MAX_NAME = 512


def changed_fields(body: Mapping[str, Any], path: str, *, lenient: bool = False) -> JsonObject:
    """What a request sets; `lenient` leaves out what only the server sets, as when a document is sent back whole."""
    metadata = body.get("metadata")
    if metadata is not None and not isinstance(metadata, Mapping):
        raise InvalidArgumentError(f"{path}.metadata must be an object of fields.", path=f"{path}.metadata")
    found: JsonObject = {}
    for place, given in ((f"{path}.metadata", metadata or {}), (path, body)):
        for key, value in given.items():
            if key == "metadata" and given is body:
                continue
            name = key.removeprefix("metadata.")
            if name.partition(".")[0] in SYSTEM:
                if lenient:
                    continue
                raise InvalidArgumentError(f"'{name}' is set by the server.", path=f"{place}.{key}")
            found[_checked(name, f"{place}.{key}")] = value
    if len(found) > MAX_FIELDS:
        raise InvalidArgumentError(f"{path} sets more than {MAX_FIELDS} fields.", path=path)
    return found


def _checked(name: str, path: str) -> str:
    if not name or len(name) > MAX_NAME:
        raise InvalidArgumentError(f"A field's name has 1 to {MAX_NAME} characters.", path=path)
    return name
