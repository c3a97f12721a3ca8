"""Where a collection's documents come from: the objects of buckets, or the documents of other collections."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from services.common.errors import InvalidArgumentError
from services.common.filters import parse
from services.common.validation.unknown_keys import IDLE, UnusedKey
from services.gateway.kit.shapes import Answer, Form, JsonObject

PATH = "body.source"
Identifiers = Annotated[list[str], Field(max_length=100)]
SourceType = Literal["bucket", "collection", "direct_upsert", "none"]


class SourceForm(Form):
    """SourceConfig; `bucket_id` is an older spelling. Each by id, name or prefix and name.

    With `direct_upsert` or `none` nothing is processed: documents are written by their own routes.
    """

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "source_namespace_id": UnusedKey("sources are in the same namespace."),
        "inherited_bucket_ids": IDLE,
        "field_map": UnusedKey("name fields in field_passthrough."),
    }

    type: SourceType = "bucket"
    bucket_ids: Identifiers = Field(default_factory=list)
    bucket_id: str | None = None
    collection_ids: Identifiers = Field(default_factory=list)
    collection_id: str | None = None
    source_filters: Annotated[Any, Field(description='{"filters": ...} or a filter in any dialect')] = None

    def buckets(self) -> list[str]:
        """The buckets named; InvalidArgumentError when there must be one."""
        return _named(self.type == "bucket", self.bucket_ids, self.bucket_id, "bucket")

    def collections(self) -> list[str]:
        """The collections named; InvalidArgumentError when there must be one."""
        return _named(self.type == "collection", self.collection_ids, self.collection_id, "collection")

    def filters(self) -> JsonObject | None:
        """The filter as the contract shows it, `{"filters": ...}`; checked here, since nobody waits for it later."""
        given = self.source_filters
        if isinstance(given, dict) and set(given) == {"filters"}:
            given = given["filters"]
        if given is None:
            return None
        parse(given, f"{PATH}.source_filters", inputs=False, selects=True)
        return {"filters": given}


def _named(is_wanted: bool, several: list[str], single: str | None, kind: str) -> list[str]:
    if not is_wanted:
        return []
    found = several or ([single] if single else [])
    if not found:
        path = f"{PATH}.{kind}_ids"
        raise InvalidArgumentError(f"{path} must name at least one {kind}.", path=path)
    return list(dict.fromkeys(found))


class Source(Answer):
    """SourceConfigOutput, with ids; of collections, also the buckets that their documents come from."""

    type: SourceType
    bucket_ids: list[str] | None = None
    collection_ids: list[str] | None = None
    collection_id: str | None = None
    inherited_bucket_ids: list[str] | None = None
    source_filters: JsonObject | None = None


def to_source(stored: JsonObject, bucket_ids: list[str]) -> Source:
    """The source of a collection, from what is stored."""
    of_collections = stored.get("collection_ids") or None
    return Source(
        type=stored.get("type", "bucket"),
        bucket_ids=bucket_ids or None,
        collection_ids=of_collections,
        collection_id=of_collections[0] if of_collections else None,
        inherited_bucket_ids=stored.get("inherited_bucket_ids"),
        source_filters=stored.get("source_filters"),
    )
