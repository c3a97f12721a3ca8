"""What is said of an object that has ended well, but did not give what its owner may expect."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.gateway.kit.shapes import Degraded, JsonObject


def with_notes(shown: JsonObject, notes: Sequence[Mapping[str, Any]]) -> JsonObject:
    """The object, with a warning for each note of its collections: (`note`, `collection_name`)."""
    if not notes:
        return shown
    warnings = [_warning(shown["object_id"], note).model_dump() for note in notes]
    return shown | {"warnings": [*shown.get("warnings", []), *warnings]}


def _warning(object_id: str, note: Mapping[str, Any]) -> Degraded:
    name = note["collection_name"]
    return Degraded(
        resource="object",
        id=object_id,
        reason=f"Collection '{name}': {note['note']}",
        next_step=f"Upload other content, or use a collection with another extractor or model than '{name}'.",
    )
