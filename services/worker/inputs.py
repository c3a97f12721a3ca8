"""What of an object, or of a document, an extractor reads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.common.database.records import Blob, Collection
from services.common.extractor_traits import Traits, traits_of
from services.common.passthrough import lookup, strip_root
from services.worker.failures import RejectedError

SCHEMES = ("http://", "https://", "s3://", "data:")


@dataclass(frozen=True, slots=True)
class Address:
    """A URL that a field holds."""

    url: str


@dataclass(frozen=True, slots=True)
class Words:
    """A text that a field holds."""

    text: str


Chosen = Blob | Address | Words


def choose_input(collection: Collection, blobs: Sequence[Blob], fields: Mapping[str, Any]) -> Chosen:
    """The blob that the collection's input mapping names, or what a field of that name holds.

    Where several inputs are mapped, those of the extractor's own kind count. RejectedError when there is none.
    """
    traits = traits_of(collection.extractor)
    paths = mapped_paths(collection.feature_extractor.get("input_mappings"), traits.inputs)
    for path in paths:
        found = _blob_at(path, blobs) or _held_in(lookup(fields, path), traits)
        if found is not None:
            return found
    if not paths and len(blobs) == 1:
        return blobs[0]
    raise RejectedError("NO_INPUT", _missing(collection, blobs, paths))


def mapped_paths(mappings: Mapping[str, Any] | Iterable[Mapping[str, Any]] | None, own: Sequence[str]) -> list[str]:
    """The fields that feed the extractor, from either form of `input_mappings`: under `own` names, else under any."""
    named = _named(mappings or {})
    mine = [path for name in own for key, path in named if key == name]
    return mine or [path for _, path in named]


def _named(mappings: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> list[tuple[Any, str]]:
    pairs = (
        mappings.items() if isinstance(mappings, Mapping) else [(e.get("input_key"), e.get("path")) for e in mappings]
    )
    return [(key, strip_root(path)) for key, path in pairs if isinstance(path, str)]


def _blob_at(path: str, blobs: Sequence[Blob]) -> Blob | None:
    return next((blob for blob in blobs if blob.property == path), None)


def _held_in(value: Any, traits: Traits) -> Address | Words | None:
    if not isinstance(value, str) or not value.strip():
        return None
    stripped = value.strip()
    if stripped.startswith("data:") or (stripped.startswith(SCHEMES) and len(stripped.split()) == 1):
        return Address(stripped)
    return Words(value) if traits.reads_text else None


def _missing(collection: Collection, blobs: Sequence[Blob], paths: Sequence[str]) -> str:
    has = ", ".join(sorted({blob.property for blob in blobs})) or "no blobs"
    wanted = " or ".join(f"'{path}'" for path in paths) or "exactly one blob"
    name = collection.collection_name
    return f"Collection '{name}' reads {wanted}, but the object has {has}. Upload a blob with that property."
