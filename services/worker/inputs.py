"""Which of an object's blobs an extractor reads."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.common.database.records import Blob
from services.common.passthrough import lookup, strip_root
from services.worker.domain import Ingest
from services.worker.failures import RejectedError

SCHEMES = ("http://", "https://", "s3://", "data:")


def choose_input(ingest: Ingest) -> Blob | str:
    """The blob that the collection's input mapping names, or the URL that a field of that name holds.

    Raises RejectedError when the object has neither.
    """
    paths = list(mapped_paths(ingest.collection.feature_extractor.get("input_mappings")))
    for path in paths:
        for blob in ingest.blobs:
            if blob.property == path:
                return blob
    for path in paths:
        value = lookup(ingest.seen.fields, path)
        if isinstance(value, str) and value.startswith(SCHEMES):
            return value
    if not paths and len(ingest.blobs) == 1:
        return ingest.blobs[0]
    raise RejectedError("NO_INPUT", _missing(ingest, paths))


def mapped_paths(mappings: Mapping[str, Any] | Iterable[Mapping[str, Any]] | None) -> Iterable[str]:
    """The object's fields that feed the extractor, from either form of `input_mappings`."""
    if mappings is None:
        return []
    paths = mappings.values() if isinstance(mappings, Mapping) else (entry.get("path") for entry in mappings)
    return [strip_root(path) for path in paths if isinstance(path, str)]


def _missing(ingest: Ingest, paths: list[str]) -> str:
    has = ", ".join(sorted({blob.property for blob in ingest.blobs})) or "no blobs"
    wanted = " or ".join(f"'{path}'" for path in paths) or "exactly one blob"
    name = ingest.collection.collection_name
    return f"Collection '{name}' reads {wanted}, but the object has {has}. Upload a blob with that property."
