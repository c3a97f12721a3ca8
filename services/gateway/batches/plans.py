"""What a batch is to be about: its objects and collections, all looked up."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from services.common.database.batches.lifecycle import NewBatch, add_objects, create_batch, submit_batch
from services.common.database.find_resources import get_row
from services.common.database.pool import Connection, Executor
from services.common.errors import BadRequestError, InvalidArgumentError, NotFoundError
from services.common.filters import EVERYTHING, OBJECTS, compile_sql, parse
from services.gateway.batches.shapes import MAX_OBJECTS, BatchCreate
from services.gateway.kit.context import Tenant
from services.gateway.kit.shapes import Degraded
from services.gateway.kit.unknown_field_warnings import unknown_in_bucket
from services.gateway.objects.reprocessing.collections_of_object import collections_of

OBJECTS_PATH = "body.object_ids"
COLLECTIONS_PATH = "body.collection_ids"
CHOSEN = "SELECT o.object_id FROM objects o WHERE o.bucket_id = $1 AND {where} ORDER BY o.row_key LIMIT $2"


async def make_batch(connection: Connection, tenant: Tenant, bucket: asyncpg.Record, form: BatchCreate) -> str:
    """Stores a draft with its objects; returns its id."""
    bucket_id = bucket["bucket_id"]
    object_ids = await chosen_objects(connection, bucket_id, form)
    asked = await asked_collections(connection, tenant.namespace_id, bucket_id, form.collection_ids)
    new = NewBatch(
        namespace_id=tenant.namespace_id,
        bucket_id=bucket_id,
        collection_ids=asked,
        dedup_strategy=form.dedup_strategy,
        batch_name=form.batch_name,
        metadata=form.metadata or {},
    )
    batch_id = await create_batch(connection, new)
    await add_objects(connection, batch_id, object_ids)
    return batch_id


async def submit(connection: Connection, batch: asyncpg.Record, asked: Sequence[str]) -> str:
    """Queues a draft for the collections asked for, else for those of the draft, else for all of its bucket."""
    bucket_id = batch["bucket_id"]
    chosen = list(asked) or batch["collection_ids"] or await collections_of(connection, bucket_id)
    if not chosen:
        message = f"No collection processes bucket '{bucket_id}'; create one with this bucket as its source."
        raise BadRequestError(message, reason="NO_COLLECTION", id=bucket_id)
    return await submit_batch(connection, batch["batch_id"], chosen)


async def chosen_objects(db: Executor, bucket_id: str, form: BatchCreate) -> list[str]:
    """The objects that a request names or describes."""
    if [form.object_ids is None, form.filters is None, not form.all].count(False) != 1:
        message = f"Give one of {OBJECTS_PATH}, body.filters, or body.all: true for every object of the bucket."
        raise InvalidArgumentError(message, path=OBJECTS_PATH)
    if form.object_ids is not None:
        await require_objects(db, bucket_id, form.object_ids)
        return form.object_ids[: form.limit]
    return await filtered_objects(db, bucket_id, form.filters, form.limit or MAX_OBJECTS)


async def filtered_objects(db: Executor, bucket_id: str, filters: Any, limit: int) -> list[str]:
    """The first objects of a bucket that pass a filter; without one, the first of all."""
    wanted = EVERYTHING if filters is None else parse(filters, "body.filters", inputs=False, selects=True)
    where, values = compile_sql(wanted, start=3, table=OBJECTS)
    rows = await db.fetch(CHOSEN.format(where=where), bucket_id, limit, *values)
    return [row["object_id"] for row in rows]


async def unknown_in_batch(tenant: Tenant, bucket: asyncpg.Record, filters: Any, *, is_empty: bool) -> list[Degraded]:
    """What to say of a filter that chose objects by fields that nothing has."""
    if filters is None:
        return []
    declared = bucket["bucket_schema"].get("properties") or {}
    tree = parse(filters, "body.filters", inputs=False)
    return await unknown_in_bucket(tenant, bucket["bucket_id"], declared, tree, is_empty=is_empty)


async def require_objects(db: Executor, bucket_id: str, object_ids: Sequence[str]) -> None:
    """NotFoundError for the first id that names no object of the bucket."""
    query = "SELECT object_id FROM objects WHERE bucket_id = $1 AND object_id = ANY($2)"
    known = {row["object_id"] for row in await db.fetch(query, bucket_id, list(object_ids))}
    for position, object_id in enumerate(object_ids):
        if object_id not in known:
            message = f"{OBJECTS_PATH}.{position}: no object '{object_id}' in this bucket."
            raise NotFoundError(message, resource="object", id=object_id, path=f"{OBJECTS_PATH}.{position}")


async def asked_collections(
    db: Executor, namespace_id: str, bucket_id: str, identifiers: Sequence[str] | None
) -> list[str]:
    """The collections named, each of which must have the bucket as its source."""
    found = []
    for position, identifier in enumerate(identifiers or []):
        row = await get_row(db, "collection", namespace_id, identifier)
        if bucket_id not in row["bucket_ids"]:
            path = f"{COLLECTIONS_PATH}.{position}"
            message = f"{path}: collection '{identifier}' does not have bucket '{bucket_id}' as its source."
            raise InvalidArgumentError(message, path=path)
        found.append(row["collection_id"])
    return list(dict.fromkeys(found))
