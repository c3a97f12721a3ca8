"""What is said of an object that is PENDING though nothing is going to process it."""

from enum import Enum

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
