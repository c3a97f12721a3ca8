"""Collections and their taxonomies in the database."""

from dataclasses import dataclass, field
from typing import Any

import asyncpg

from services.common.database.outbox import record_event
from services.common.database.pool import Connection, Executor, Pool
from services.common.database.resources import get_row
from services.common.errors import NotFoundError
from services.common.ids import new_id
from services.gateway.store.applications import NewApplications, set_applications
from services.gateway.store.buckets import taken
from services.gateway.store.retrievers import insert_retriever
from services.gateway.store.tables import COLLECTION_COLUMNS, COLLECTION_SOURCE

FIND = f"SELECT {COLLECTION_COLUMNS} FROM {COLLECTION_SOURCE} WHERE c.collection_id = $1"  # noqa: S608
INSERT = """
    INSERT INTO collections (collection_id, namespace_id, collection_name, description, bucket_ids, source,
                             feature_extractor, extractor, model, feature_uri, dimensions, metadata)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"""
INSERT_TAXONOMY = """
    INSERT INTO taxonomies (taxonomy_id, namespace_id, taxonomy_name, collection_id, retriever_identifier,
                            field_to_enrich, confidence_threshold, reference_labels, options)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
UPDATE_TAXONOMY = """
    UPDATE taxonomies SET confidence_threshold = coalesce($2, confidence_threshold),
      reference_labels = coalesce($3, reference_labels), retriever_identifier = coalesce($4, retriever_identifier),
      options = options || $5,
      version = version + 1, updated_at = now() WHERE collection_id = $1 RETURNING taxonomy_id"""
MADE_FOR = "made_for_collection"


@dataclass(frozen=True, kw_only=True)
class NewTaxonomy:
    """The inline taxonomy of a new collection; without `retriever_id`, `own_stages` become its retriever."""

    retriever_id: str | None
    own_stages: list[dict[str, Any]]
    field_to_enrich: str
    confidence_threshold: float
    reference_labels: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class NewCollection:
    """A collection about to be stored, its slot and model settled."""

    namespace_id: str
    name: str
    description: str | None
    bucket_ids: list[str]
    feature_extractor: dict[str, Any]
    extractor: str
    model: str
    feature_uri: str
    dimensions: int
    metadata: dict[str, Any]
    taxonomy: NewTaxonomy | None
    applications: NewApplications = field(default_factory=NewApplications)


async def create_collection(pool: Pool, new: NewCollection) -> str:
    """Stores a collection, its taxonomy and, where none was named, its retriever; returns its id."""
    collection_id = new_id("col")
    async with pool.acquire() as connection, connection.transaction():
        try:
            await _insert(connection, collection_id, new)
        except asyncpg.UniqueViolationError as error:
            raise taken("collection", new.name) from error
        if new.taxonomy is not None:
            await _insert_taxonomy(connection, collection_id, new, new.taxonomy)
        await set_applications(connection, collection_id, new.applications)
        await record_event(connection, new.namespace_id, "collection.created", collection_id)
    return collection_id


async def _insert(connection: Connection, collection_id: str, new: NewCollection) -> None:
    await connection.execute(
        INSERT,
        collection_id,
        new.namespace_id,
        new.name,
        new.description,
        new.bucket_ids,
        {"type": "bucket", "bucket_ids": new.bucket_ids},
        new.feature_extractor,
        new.extractor,
        new.model,
        new.feature_uri,
        new.dimensions,
        new.metadata,
    )


async def _insert_taxonomy(
    connection: Connection, collection_id: str, new: NewCollection, taxonomy: NewTaxonomy
) -> None:
    retriever_id = taxonomy.retriever_id or await _make_retriever(connection, collection_id, new, taxonomy)
    await connection.execute(
        INSERT_TAXONOMY,
        new_id("tax"),
        new.namespace_id,
        f"{new.name}_taxonomy_{collection_id}",
        collection_id,
        retriever_id,
        taxonomy.field_to_enrich,
        taxonomy.confidence_threshold,
        taxonomy.reference_labels,
        taxonomy.options,
    )


async def _make_retriever(connection: Connection, collection_id: str, new: NewCollection, taxonomy: NewTaxonomy) -> str:
    row = await insert_retriever(
        connection,
        new.namespace_id,
        f"{new.name}_retriever_{collection_id}",
        [collection_id],
        taxonomy.own_stages,
        description=f"Labels the documents of {new.name} by their likeness to its labelled ones",
        metadata={MADE_FOR: collection_id},
    )
    return str(row["retriever_id"])


async def read_collection(db: Executor, namespace_id: str, identifier: str) -> asyncpg.Record:
    """A collection with its taxonomy, schema and count, by any identifier."""
    found = await get_row(db, "collection", namespace_id, identifier)
    row = await db.fetchrow(FIND, found["collection_id"])
    if row is None:
        raise NotFoundError.of("collection", identifier)
    return row


async def update_collection(
    connection: Connection, collection_id: str, name: str | None, description: str | None, metadata: dict[str, Any]
) -> None:
    """Changes what is given; metadata are merged."""
    try:
        await connection.execute(
            """UPDATE collections SET collection_name = coalesce($2, collection_name),
                 description = coalesce($3, description), metadata = metadata || $4, updated_at = now()
               WHERE collection_id = $1""",
            collection_id,
            name,
            description,
            metadata,
        )
    except asyncpg.UniqueViolationError as error:
        raise taken("collection", str(name)) from error


async def update_taxonomy(
    connection: Connection,
    collection_id: str,
    *,
    threshold: float | None,
    references: str | None,
    retriever: str | None,
    options: dict[str, Any],
) -> None:
    """Makes a new version of a collection's taxonomy; NotFoundError when it has none."""
    found = await connection.fetchval(UPDATE_TAXONOMY, collection_id, threshold, references, retriever, options)
    if found is None:
        raise NotFoundError.of("taxonomy", f"of {collection_id}")


async def delete_collection(pool: Pool, namespace_id: str, collection_id: str) -> None:
    """Deletes a collection, its documents, its taxonomy and the retriever made for it."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("DELETE FROM collections WHERE collection_id = $1", collection_id)
        await connection.execute(
            "DELETE FROM retrievers WHERE namespace_id = $1 AND metadata @> $2", namespace_id, {MADE_FOR: collection_id}
        )
        await record_event(connection, namespace_id, "collection.deleted", collection_id)
