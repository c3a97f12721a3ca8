"""Processing again what a collection is made from."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from services.common.validation.unknown_keys import UnusedKey
from services.gateway.batches.shapes import MAX_OBJECTS, Strategy
from services.gateway.kit.shapes import Answer, Degraded, Form

Sources = Annotated[list[str], Field(min_length=1, max_length=1000)]


class TriggerForm(Form):
    """TriggerCollectionRequest: `skip` leaves alone what has been processed, `replace` and `force` do it again."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "reembed": UnusedKey("trigger with dedup_strategy replace."),
    }

    include_buckets: Sources | None = None
    include_collections: Sources | None = None
    object_ids: Annotated[list[str] | None, Field(min_length=1, max_length=MAX_OBJECTS)] = None
    source_filters: Annotated[Any, Field(description="A filter in any dialect")] = None
    dedup_strategy: Strategy = "skip"


class Triggered(Answer):
    """TriggerCollectionResponse."""

    batch_id: str | None
    task_id: str
    collection_id: str
    source_bucket_ids: list[str]
    source_collection_ids: list[str]
    batch_ids: list[str]
    task_ids: list[str]
    batch_count: int
    total_tiers: int = 1
    message: str
    warnings: list[Degraded] = Field(default_factory=list, description="Fields of the filter that nothing has")
