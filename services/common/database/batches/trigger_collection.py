"""Triggering a collection: a batch for each bucket that its sources lie in, filled by a task."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from services.common.database.batches.lifecycle import TRIGGER, NewBatch, create_batch
from services.common.database.find_resources import get_row
from services.common.database.pool import Connection
from services.common.database.tasks.create_task import NewTask, create_task
from services.common.errors import InvalidArgumentError, NotFoundError
from services.common.filters import DOCUMENTS, OBJECTS, canonical_json, compile_sql, parse
from services.common.row_types import Collection, JsonObject

BUCKETS_OF = "SELECT DISTINCT bucket_id FROM documents WHERE collection_id = ANY($1) ORDER BY bucket_id"
KNOWN = "SELECT object_id FROM objects WHERE bucket_id = ANY($1) AND object_id = ANY($2)"
LAST = "SELECT coalesce(max(row_key), 0) FROM objects WHERE bucket_id = ANY($1)"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which sources are to be processed; `path` is where the request says so."""

    path: str
    include_buckets: Sequence[str] | None = None
    include_collections: Sequence[str] | None = None
    object_ids: Sequence[str] | None = None
    source_filters: Any = None
    dedup_strategy: str = "skip"


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The sources, all looked up; the filter in its canonical form."""

    bucket_ids: list[str]
    source_collection_ids: list[str]
    filters: JsonObject | None


@dataclass(frozen=True, kw_only=True)
class Triggered:
    """What was made: the task, and its batches."""

    task_id: str
    batch_ids: list[str]
    bucket_ids: list[str]
    source_collection_ids: list[str]


async def choose(connection: Connection, collection: Collection, wanted: Wanted) -> Chosen:
    """The sources of a collection that are wanted; InvalidArgumentError for what is no source of it."""
    configured = collection.source_collection_ids
    sources = await _narrowed(connection, collection, "collection", configured, wanted)
    if sources:
        bucket_ids = [row["bucket_id"] for row in await connection.fetch(BUCKETS_OF, sources)]
    else:
        bucket_ids = await _narrowed(connection, collection, "bucket", collection.bucket_ids, wanted)
    await _require_objects(connection, bucket_ids, wanted)
    filters = _filters(wanted, of_documents=bool(sources))
    return Chosen(bucket_ids=bucket_ids, source_collection_ids=sources, filters=filters)


async def trigger(connection: Connection, collection: Collection, wanted: Wanted) -> Triggered:
    """Stores batches and task in the caller's transaction; what was uploaded before this moment is theirs."""
    chosen = await choose(connection, collection, wanted)
    batch_ids = [await _batch(connection, collection, wanted, bucket_id) for bucket_id in chosen.bucket_ids]
    inputs = {
        "collection_id": collection.collection_id,
        "batch_ids": batch_ids,
        "batches": list(zip(batch_ids, chosen.bucket_ids, strict=True)),
        "source_collection_ids": chosen.source_collection_ids,
        "filters": chosen.filters,
        "until": await connection.fetchval(LAST, chosen.bucket_ids),
    }
    shown = {
        "collection_id": collection.collection_id,
        "namespace_id": collection.namespace_id,
        "batch_id": batch_ids[0] if batch_ids else None,
        "trigger": {"batch_ids": batch_ids},
        "total_tiers": 1,
    }
    new = NewTask(
        kind=TRIGGER,
        task_type="api_collections_trigger",
        namespace_id=collection.namespace_id,
        inputs=inputs,
        additional_data=shown,
    )
    task_id = await create_task(connection, new)
    await connection.execute("UPDATE batches SET task_id = $2 WHERE batch_id = ANY($1)", batch_ids, task_id)
    return Triggered(
        task_id=task_id,
        batch_ids=batch_ids,
        bucket_ids=chosen.bucket_ids,
        source_collection_ids=chosen.source_collection_ids,
    )


async def _narrowed(
    connection: Connection, collection: Collection, kind: str, configured: Sequence[str], wanted: Wanted
) -> list[str]:
    """The sources of the collection, or those of them that were asked for."""
    asked = wanted.include_buckets if kind == "bucket" else wanted.include_collections
    if asked is None:
        return list(configured)
    found = []
    for position, identifier in enumerate(asked):
        identity = (await get_row(connection, kind, collection.namespace_id, identifier))[f"{kind}_id"]
        if identity not in configured:
            where = f"{wanted.path}.include_{kind}s.{position}"
            raise InvalidArgumentError(f"{where}: '{identifier}' is no source of this collection.", path=where)
        found.append(identity)
    return list(dict.fromkeys(found))


async def _require_objects(connection: Connection, bucket_ids: Sequence[str], wanted: Wanted) -> None:
    """NotFoundError for the first object named that none of the buckets has."""
    asked = list(wanted.object_ids or [])
    known = {row["object_id"] for row in await connection.fetch(KNOWN, bucket_ids, asked)} if asked else set()
    for position, object_id in enumerate(asked):
        if object_id not in known:
            path = f"{wanted.path}.object_ids.{position}"
            message = f"{path}: no object '{object_id}' in the buckets that this collection is made of."
            raise NotFoundError(message, resource="object", id=object_id, path=path)


def _filters(wanted: Wanted, *, of_documents: bool) -> JsonObject | None:
    """The filter, checked, in its canonical form."""
    parts: list[JsonObject] = []
    if wanted.source_filters is not None:
        parsed = parse(wanted.source_filters, f"{wanted.path}.source_filters", inputs=False, selects=True)
        compile_sql(parsed, table=DOCUMENTS if of_documents else OBJECTS)
        parts.append(orjson.loads(canonical_json(parsed)))
    if wanted.object_ids:
        parts.append({"field": "object_id", "operator": "in", "value": list(wanted.object_ids)})
    return {"AND": parts} if parts else None


async def _batch(connection: Connection, collection: Collection, wanted: Wanted, bucket_id: str) -> str:
    new = NewBatch(
        namespace_id=collection.namespace_id,
        bucket_id=bucket_id,
        collection_ids=[collection.collection_id],
        dedup_strategy=wanted.dedup_strategy,
        batch_name=None,
        metadata={"source": f"trigger of collection {collection.collection_name}"},
        is_draft=False,
    )
    return await create_batch(connection, new)
