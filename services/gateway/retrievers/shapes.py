"""Retrievers: stages that filter and search, run by the taxonomy service."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

import asyncpg
from pydantic import AliasChoices, Field

from services.common.validation.unknown_keys import UnusedKey
from services.gateway.buckets.shapes import Name
from services.gateway.collections.extractors.feature_uris import FeatureAddress, parse_feature_uri
from services.gateway.kit.lists.shapes import Pagination
from services.gateway.kit.shapes import Answer, Degraded, Form, JsonObject
from services.gateway.retrievers.stages.shapes import fusion_of, mirrored, searches_of

Identifiers = Annotated[
    list[str] | None, Field(validation_alias=AliasChoices("collection_identifiers", "collection_ids"), max_length=100)
]

SHOWN = ("tags", "budget_limits", "display_config")


class BudgetLimits(Form):
    """Accepted and echoed; there are no credits here, and every execution has a deadline."""

    max_credits: Annotated[float | None, Field(ge=0)] = None
    max_time_ms: Annotated[int | None, Field(ge=0)] = None


class RetrieverSettings(Form):
    """What is stored and echoed, and changes nothing of what a retriever does."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "marketplace_listing_id": UnusedKey("there is no marketplace here."),
        "requires_subscription": UnusedKey("there are no subscriptions here.", off=False),
    }

    tags: list[str] | None = None
    budget_limits: BudgetLimits | None = None
    display_config: JsonObject | None = None
    visibility: Literal["private", "public", "marketplace"] | None = None

    def settings(self) -> JsonObject:
        """What is given of them."""
        return self.model_dump(include=set(RetrieverSettings.model_fields), exclude_none=True)


class RetrieverCreate(RetrieverSettings):
    """CreateRetrieverRequest; the collections named need not exist yet."""

    retriever_name: Annotated[Name, Field(validation_alias=AliasChoices("retriever_name", "name"))]
    collection_identifiers: Identifiers = None
    stages: Annotated[list[JsonObject], Field(min_length=1)]
    input_schema: JsonObject | None = None
    description: str | None = None
    metadata: JsonObject | None = None


class RetrieverPatch(RetrieverSettings):
    """What may be changed of a retriever; a change of stages makes a new version."""

    retriever_name: Annotated[Name | None, Field(validation_alias=AliasChoices("retriever_name", "name"))] = None
    collection_identifiers: Identifiers = None
    stages: Annotated[list[JsonObject] | None, Field(min_length=1)] = None
    input_schema: JsonObject | None = None
    description: str | None = None
    metadata: JsonObject | None = None


class RetrieverClone(RetrieverPatch):
    """CloneRetrieverRequest: the new name, and what is to be different."""

    retriever_name: Annotated[Name, Field(validation_alias=AliasChoices("retriever_name", "name"))]


class Stage(Answer):
    """StageConfigOutput: `parameters` mirrors `config.parameters`."""

    stage_name: str
    stage_type: str
    config: JsonObject
    parameters: JsonObject
    batch_size: Any = None
    description: str | None = None
    on_error: str | None = None
    output_alias: str | None = None


class Retriever(Answer):
    """RetrieverConfig; `collection_ids` are those of the collections that exist by now."""

    retriever_id: str
    retriever_name: str
    description: str | None
    collection_identifiers: list[str]
    collection_ids: list[str]
    stages: list[Stage]
    input_schema: JsonObject
    feature_dependencies: list[FeatureAddress]
    metadata: JsonObject
    fusion: str | None
    version: int
    tags: list[str] = Field(default_factory=list)
    budget_limits: JsonObject | None = None
    display_config: JsonObject | None = None
    is_published: bool = False
    created_at: datetime
    updated_at: datetime
    warnings: list[Degraded] = Field(default_factory=list)


class RetrieverPatched(Answer):
    """PatchRetrieverResponse."""

    retriever: Retriever
    warnings: list[Degraded] = Field(default_factory=list)


class RetrieverCloned(RetrieverPatched):
    """CloneRetrieverResponse."""

    source_retriever_id: str


class RetrieverList(Answer):
    """ListRetrieversResponse: the count is called `total` here."""

    results: list[Retriever]
    total: int
    pagination: Pagination
    warnings: list[Degraded] = Field(default_factory=list)


class StageDefinition(Answer):
    """RetrieverStageDefinition."""

    stage_id: str
    description: str
    category: str
    icon: str
    parameter_schema: JsonObject


def to_retriever(row: asyncpg.Record, collection_ids: Sequence[str]) -> Retriever:
    """A retriever from its row; `collection_ids` are its collections, resolved."""
    stages = row["stages"]
    return Retriever(
        retriever_id=row["retriever_id"],
        retriever_name=row["retriever_name"],
        description=row["description"],
        collection_identifiers=row["collection_identifiers"],
        collection_ids=list(collection_ids),
        stages=[Stage(**stage) for stage in mirrored(stages)],
        input_schema=row["input_schema"] or {},
        feature_dependencies=dependencies_of(stages),
        metadata=row["metadata"],
        fusion=fusion_of(stages),
        version=row["version"],
        **{name: row["settings"][name] for name in SHOWN if name in row["settings"]},
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def dependencies_of(stages: Sequence[JsonObject]) -> list[FeatureAddress]:
    """The slots that the stages search, each once."""
    uris = dict.fromkeys(str(search.get("feature_uri")) for search in searches_of(stages))
    return [address for address in map(parse_feature_uri, uris) if address is not None]
