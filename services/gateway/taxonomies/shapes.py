"""Taxonomies: what a document is called by its likeness to others, by flat rules or down a hierarchy."""

from datetime import datetime
from typing import Annotated, Any

import asyncpg
from pydantic import AliasChoices, Field, StringConstraints, model_validator

from services.gateway.kit.shapes import Answer, Degraded, Form, JsonObject
from services.gateway.taxonomies.config import Config
from services.gateway.taxonomies.spellings import read_changes, read_spellings

Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^/\x00]+$", strip_whitespace=True)]
NameField = Field(validation_alias=AliasChoices("taxonomy_name", "name"))


class TaxonomyCreate(Form):
    """CreateTaxonomyRequest, in any of its older spellings."""

    taxonomy_name: Annotated[Name, NameField]
    config: Config
    description: Annotated[str | None, Field(max_length=5000)] = None
    metadata: JsonObject | None = None

    _spellings = model_validator(mode="before")(read_spellings)


class VersionCreate(Form):
    """A new config for a taxonomy: all of it, or the keys that change."""

    config: JsonObject | None = None
    description: Annotated[str | None, Field(max_length=5000)] = None
    metadata: JsonObject | None = None

    _spellings = model_validator(mode="before")(read_changes)


class TaxonomyPatch(VersionCreate):
    """PatchTaxonomyRequest; a change of `config` makes a new version, which the next upload is labelled by."""

    taxonomy_name: Annotated[Name | None, NameField] = None


class TaxonomyClone(VersionCreate):
    """CloneTaxonomyRequest; keys of `config` replace those of the original."""

    taxonomy_name: Annotated[Name, NameField]


class PathNode(Answer):
    """TaxonomyPathNode."""

    node_id: str
    label: str
    path: list[str]
    parent_id: str | None
    level: int


class Taxonomy(Answer):
    """TaxonomyResponse; `collection_id` is that of a collection whose inline taxonomy it is."""

    taxonomy_id: str
    version: int
    taxonomy_name: str
    description: str | None
    retriever_id: str | None
    input_mappings: list[JsonObject] | None
    config: JsonObject
    nodes: list[PathNode] | None
    ready: bool = True
    collection_id: str | None
    metadata: JsonObject
    created_at: datetime
    updated_at: datetime
    warnings: list[Degraded] = Field(default_factory=list)


class TaxonomyStats(Answer):
    """TaxonomyListStats."""

    total_taxonomies: int
    flat_taxonomies: int
    hierarchical_taxonomies: int
    taxonomies_with_retrievers: int


class TaxonomyList(Answer):
    """ListTaxonomiesResponse."""

    results: list[Taxonomy]
    pagination: JsonObject
    total_count: int
    stats: TaxonomyStats
    warnings: list[Degraded] = Field(default_factory=list)


class TaxonomyCloned(Answer):
    """CloneTaxonomyResponse."""

    taxonomy: Taxonomy
    source_taxonomy_id: str


class TaxonomyDeleted(Answer):
    """What was deleted."""

    message: str
    success: bool = True
    taxonomy_id: str
    warnings: list[Degraded] = Field(default_factory=list)


def to_taxonomy(row: asyncpg.Record, nodes: list[PathNode] | None = None) -> Taxonomy:
    """From a row with `source_collection_id`, the collection that an inline taxonomy's retriever searches."""
    config = shown_config(row["config"], row["source_collection_id"])
    return Taxonomy(
        taxonomy_id=row["taxonomy_id"],
        version=row["version"],
        taxonomy_name=row["taxonomy_name"],
        description=row["description"],
        retriever_id=config.get("retriever_id"),
        input_mappings=config.get("input_mappings"),
        config=config,
        nodes=nodes,
        collection_id=row["collection_id"],
        metadata=row["metadata"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def shown_config(config: JsonObject, source_collection_id: str | None) -> JsonObject:
    """The config with the source collection that the client's class wants, also where the retriever alone knows it."""
    if config["taxonomy_type"] != "flat":
        return config
    source: dict[str, Any] = {"collection_id": source_collection_id or "", **config.get("source_collection", {})}
    return {**config, "source_collection": source}


def stats_of(taxonomies: list[Taxonomy]) -> TaxonomyStats:
    """What a list holds."""
    flat = sum(taxonomy.config["taxonomy_type"] == "flat" for taxonomy in taxonomies)
    return TaxonomyStats(
        total_taxonomies=len(taxonomies),
        flat_taxonomies=flat,
        hierarchical_taxonomies=len(taxonomies) - flat,
        taxonomies_with_retrievers=sum(taxonomy.retriever_id is not None for taxonomy in taxonomies),
    )
