"""What of an object, or of a document, feeds an extractor: a blob, what lies at an address, or words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.common.extractors.passthrough import lookup, rules_of, strip_root
from services.common.extractors.traits import Traits, traits_of
from services.common.row_types import Blob

SCHEMES = ("http://", "https://", "s3://", "data:")
Mappings = Mapping[str, Any] | Iterable[Mapping[str, Any]] | None
TEXT = "text"


@dataclass(frozen=True, slots=True)
class Address:
    """A URL that a field holds."""

    url: str


@dataclass(frozen=True, slots=True)
class Words:
    """A text that a field holds."""

    text: str


Chosen = Blob | Address | Words


def find_input(extractor: str, mappings: Mappings, blobs: Sequence[Blob], fields: Mapping[str, Any]) -> Chosen | None:
    """The blob that the input mapping names, or what a field of that name holds; None when there is neither.

    Where several inputs are mapped, those of the extractor's own kind count.
    """
    traits = traits_of(extractor)
    paths = mapped_paths(mappings, traits.inputs)
    for path in paths:
        found = _blob_at(path, blobs) or _held_in(lookup(fields, path), traits)
        if found is not None:
            return found
    return blobs[0] if not paths and len(blobs) == 1 else None


def mapped_paths(mappings: Mappings, own: Sequence[str]) -> list[str]:
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


def read_fields(extractor: str, feature_extractor: Mapping[str, Any]) -> dict[str, str]:
    """Field of the document -> the object's field that it comes from."""
    traits = traits_of(extractor)
    if not traits.extracts:
        return {}
    paths = mapped_paths(feature_extractor.get("input_mappings"), traits.inputs)
    found = {rule.target: rule.source for rule in rules_of(feature_extractor) if rule.source in paths}
    return {**found, TEXT: paths[0] if paths else TEXT} if traits.reads_text else found
