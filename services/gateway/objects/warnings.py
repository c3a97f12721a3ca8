"""What is said of an object that waits for nothing, or that has ended without what its owner may expect."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from services.gateway.kit.shapes import Degraded, JsonObject


class Idle(Enum):
    """Why it waits: (reason, what to do)."""

    NO_COLLECTION = (
        "No collection processes its bucket.",
        "Create a collection with the bucket as its source, then POST /v1/collections/{collection}/trigger.",
    )
    STORED_ONLY = (
        "Nothing has been asked to process it.",
        "Submit a batch with it (POST /v1/buckets/{bucket}/batches), or POST /v1/collections/{collection}/trigger.",
    )


def with_warning(shown: JsonObject, idle: Idle | None) -> JsonObject:
    """The object, with a warning and nothing to poll for where it waits for nothing."""
    if idle is None:
        return shown
    reason, next_step = idle.value
    warning = Degraded(resource="object", id=shown["object_id"], reason=reason, next_step=next_step)
    return shown | {"consistency": shown["consistency"] | {"poll": None}, "warnings": [warning.model_dump()]}


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
