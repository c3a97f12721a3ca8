"""Collections in the database."""

from dataclasses import dataclass, field
from typing import Any

import asyncpg

from services.common.database.events.document_events import GONE, record_deleted_documents
from services.common.database.find_resources import get_row
from services.common.database.pool import Connection, Executor, Pool
from services.common.database.taxonomies.decide_again import Affected, decide_again
from services.common.errors import AlreadyExistsError, NotFoundError
from services.common.ids import new_id
from services.common.json.equality import same_value
from services.gateway.collections.applications.store import NewApplications, set_applications
from services.gateway.collections.events import (
    disable_dependents,
    record_collection_events,
    record_inline_taxonomy_event,
)
from services.gateway.collections.inline_taxonomies.store import NewTaxonomy, delete_own_retriever, insert_taxonomy
from services.gateway.collections.lists import COLLECTION_COLUMNS, COLLECTION_SOURCE
from services.gateway.collections.schedules import keep_schedule, orphan_triggers
from services.gateway.kit.rows.change_row import MERGED, Change, change_row
from services.gateway.kit.rows.resource_names import name_taken

FIND = f"SELECT {COLLECTION_COLUMNS} FROM {COLLECTION_SOURCE} WHERE c.collection_id = $1"  # noqa: S608
INSERT = """
    INSERT INTO collections (collection_id, namespace_id, collection_name, description, bucket_ids,
                             source_collection_ids, source, feature_extractor, extractor, model, feature_uri,
                             dimensions, metadata, enabled, settings, label_threshold)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
    RETURNING *"""
LOCK_SETTINGS = "SELECT settings FROM collections WHERE collection_id = $1 FOR NO KEY UPDATE"
ALL_IDS = "SELECT collection_id FROM collections WHERE namespace_id = $1 ORDER BY created_at LIMIT $2"
TOUCH = "UPDATE collections SET updated_at = now() WHERE collection_id = $1"
LOCK_OBJECTS = """
    SELECT object_id FROM objects
    WHERE object_id IN (SELECT object_id FROM documents WHERE collection_id = $1
                        UNION SELECT object_id FROM processing WHERE collection_id = $1)
    ORDER BY object_id FOR NO KEY UPDATE"""
DROP_RECORDS = "DELETE FROM processing WHERE collection_id = $1 RETURNING object_id, status"
SETTLE = "SELECT settle_objects($1, $2)"
DELETE_DOCUMENTS = f"""
    WITH RECURSIVE going AS (
      SELECT document_id FROM documents WHERE collection_id = $1
      UNION SELECT d.document_id FROM documents d JOIN going g ON d.source_document_id = g.document_id
    )
    DELETE FROM documents WHERE document_id IN (SELECT document_id FROM going) RETURNING {GONE}"""  # noqa: S608


@dataclass(frozen=True, kw_only=True)
class NewCollection:
    """A collection about to be stored, its slot and model settled; these are None where it makes no vectors.

    `label_threshold` is what the model's manifest says of those who name none.
    """

    namespace_id: str
    name: str
    description: str | None
    bucket_ids: list[str]
    source_collection_ids: list[str]
    source: dict[str, Any]
    feature_extractor: dict[str, Any]
    extractor: str
    model: str | None
    feature_uri: str | None
    dimensions: int | None
    label_threshold: float | None
    metadata: dict[str, Any]
    enabled: bool
    settings: dict[str, Any]
    taxonomy: NewTaxonomy | None
    applications: NewApplications = field(default_factory=NewApplications)


async def create_collection(pool: Pool, new: NewCollection) -> str:
    """Stores a collection, its taxonomy and, where none was named, its retriever; returns its id."""
    async with pool.acquire() as connection, connection.transaction():
        return await insert_collection(connection, new)


async def insert_collection(connection: Connection, new: NewCollection) -> str:
    """The same in the caller's transaction."""
    collection_id = new_id("col")
    try:
        rows = await _insert(connection, collection_id, new)
    except asyncpg.UniqueViolationError as error:
        raise name_taken("collection", new.name) from error
    if new.taxonomy is not None:
        await insert_taxonomy(connection, new.namespace_id, collection_id, new.name, new.taxonomy)
    await set_applications(connection, collection_id, new.applications)
    await keep_schedule(connection, new.namespace_id, collection_id, new.name, new.settings.get("schedule"))
    await record_collection_events(connection, "created", rows)
    await record_inline_taxonomy_event(connection, "created", collection_id)
    return collection_id


async def _insert(connection: Connection, collection_id: str, new: NewCollection) -> list[asyncpg.Record]:
    return await connection.fetch(
        INSERT,
        collection_id,
        new.namespace_id,
        new.name,
        new.description,
        new.bucket_ids,
        new.source_collection_ids,
        new.source,
        new.feature_extractor,
        new.extractor,
        new.model,
        new.feature_uri,
        new.dimensions,
        new.metadata,
        new.enabled,
        new.settings,
        new.label_threshold,
    )


async def collection_ids_of(db: Executor, namespace_id: str, most: int) -> list[str]:
    """The ids of the oldest collections of a namespace."""
    return [row["collection_id"] for row in await db.fetch(ALL_IDS, namespace_id, most)]


async def read_collection(db: Executor, namespace_id: str, identifier: str) -> asyncpg.Record:
    """A collection with its taxonomy, schemas and counts, by any identifier."""
    found = await get_row(db, "collection", namespace_id, identifier)
    row = await db.fetchrow(FIND, found["collection_id"])
    if row is None:
        raise NotFoundError.of("collection", identifier)
    return row


async def update_collection(
    connection: Connection, collection_id: str, columns: dict[str, Any], settings: dict[str, Any]
) -> Change:
    """Changes what is given; metadata are merged, and a setting of null goes away. Settings count as its columns."""
    before = await connection.fetchval(LOCK_SETTINGS, collection_id)
    if before is None:
        raise NotFoundError.of("collection", collection_id)
    others = {name: value for name, value in settings.items() if not same_value(before.get(name), value)}
    try:
        change = await change_row(
            connection,
            "collections",
            "collection_id",
            collection_id,
            {**columns, "settings": others},
            merged={**MERGED, "settings": "settings || {}", "feature_extractor": "feature_extractor || {}"},
        )
    except asyncpg.UniqueViolationError as error:
        raise name_taken("collection", str(columns.get("collection_name"))) from error
    assert change is not None
    if "schedule" in others:
        name, namespace_id = change.row["collection_name"], change.row["namespace_id"]
        await keep_schedule(connection, namespace_id, collection_id, name, others["schedule"])
    return Change(row=change.row, columns=(change.columns - {"settings"}) | others.keys())


async def touch_collection(connection: Connection, collection_id: str) -> None:
    """Says that what belongs to a collection has changed."""
    await connection.execute(TOUCH, collection_id)


@dataclass(frozen=True, kw_only=True)
class Gone:
    """The documents that went with a collection, and what rested on them."""

    document_ids: list[str]
    affected: Affected


async def delete_collection(pool: Pool, namespace_id: str, collection_id: str) -> Gone:
    """Deletes a collection, its documents, its taxonomy and the retriever made for it.

    Collections that are made from it are disabled, and say why. Objects that it has not processed yet end without it.
    """
    async with pool.acquire() as connection, connection.transaction():
        await orphan_triggers(connection, namespace_id, collection_id)
        document_ids = await _delete_documents(connection, collection_id)
        await _end_objects(connection, collection_id)
        await disable_dependents(connection, collection_id)
        await record_inline_taxonomy_event(connection, "deleted", collection_id)
        try:
            gone = await connection.fetch("DELETE FROM collections WHERE collection_id = $1 RETURNING *", collection_id)
        except asyncpg.ForeignKeyViolationError as error:
            raise _in_use(collection_id) from error
        await delete_own_retriever(connection, namespace_id, collection_id)
        await record_collection_events(connection, "deleted", gone, document_count=len(document_ids))
        affected = await decide_again(connection, namespace_id)
    return Gone(document_ids=document_ids, affected=affected)


async def _delete_documents(connection: Connection, collection_id: str) -> list[str]:
    """Also those that other collections made of them."""
    await connection.fetch(LOCK_OBJECTS, collection_id)
    rows = await connection.fetch(DELETE_DOCUMENTS, collection_id)
    await record_deleted_documents(connection, rows)
    return [row["document_id"] for row in rows]


async def _end_objects(connection: Connection, collection_id: str) -> None:
    """Brings the status of the objects up to date that were not COMPLETED here; the caller has locked them."""
    rows = await connection.fetch(DROP_RECORDS, collection_id)
    objects = [row["object_id"] for row in rows if row["status"] != "COMPLETED"]
    reason = f"COLLECTION_DELETED: Collection '{collection_id}' was deleted before it had processed this object."
    await connection.execute(SETTLE, objects, reason)


def _in_use(collection_id: str) -> AlreadyExistsError:
    message = (
        f"The taxonomy of collection '{collection_id}' is applied to another collection; take it away there first."
    )
    return AlreadyExistsError(message, reason="IN_USE", resource="collection", id=collection_id)
