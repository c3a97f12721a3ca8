"""Triggering a collection: a batch for each bucket that its sources lie in, filled by a task."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from services.common.database.batch_runs import TRIGGER, NewBatch, create_batch
from services.common.database.pool import Connection, Executor
from services.common.database.records import Collection, JsonObject
from services.common.database.resources import get_row
from services.common.database.tasks import NewTask, create_task
from services.common.errors import InvalidArgumentError
from services.common.filters import DOCUMENTS, OBJECTS, canonical_json, compile_sql, parse
from services.gateway.context import Tenant
from services.gateway.shapes.triggers import TriggerForm

FILTERS_PATH = "body.source_filters"
BUCKETS_OF = "SELECT DISTINCT bucket_id FROM documents WHERE collection_id = ANY($1) ORDER BY bucket_id"


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """What was made: the task, and its batches."""

    task_id: str
    batch_ids: list[str]
    bucket_ids: list[str]
    source_collection_ids: list[str]


async def trigger(tenant: Tenant, collection: Collection, form: TriggerForm) -> Trigger:
    """Stores batches and task in one transaction; what was uploaded before this moment is theirs."""
    pool = tenant.gateway.pool
    sources = await _narrowed(pool, tenant, "collection", form.include_collections, collection.source_collection_ids)
    if sources:
        bucket_ids = [row["bucket_id"] for row in await pool.fetch(BUCKETS_OF, sources)]
    else:
        bucket_ids = await _narrowed(pool, tenant, "bucket", form.include_buckets, collection.bucket_ids)
    filters = _filters(form, of_documents=bool(sources))
    async with pool.acquire() as connection, connection.transaction():
        return await _store(connection, tenant, collection, form, (bucket_ids, sources, filters))


async def _narrowed(
    db: Executor, tenant: Tenant, kind: str, asked: Sequence[str] | None, configured: Sequence[str]
) -> list[str]:
    """The sources of the collection, or those of them that were asked for."""
    if asked is None:
        return list(configured)
    found = []
    for position, identifier in enumerate(asked):
        identity = (await get_row(db, kind, tenant.namespace_id, identifier))[f"{kind}_id"]
        if identity not in configured:
            path = f"body.include_{kind}s.{position}"
            raise InvalidArgumentError(f"{path}: '{identifier}' is no source of this collection.", path=path)
        found.append(identity)
    return list(dict.fromkeys(found))


def _filters(form: TriggerForm, *, of_documents: bool) -> JsonObject | None:
    """The filter, checked, in its canonical form."""
    parts: list[JsonObject] = []
    if form.source_filters:
        parsed = parse(form.source_filters, FILTERS_PATH)
        compile_sql(parsed, table=DOCUMENTS if of_documents else OBJECTS)
        parts.append(orjson.loads(canonical_json(parsed)))
    if form.object_ids:
        parts.append({"field": "object_id", "operator": "in", "value": form.object_ids})
    return {"AND": parts} if parts else None


async def _store(
    connection: Connection,
    tenant: Tenant,
    collection: Collection,
    form: TriggerForm,
    chosen: tuple[list[str], list[str], JsonObject | None],
) -> Trigger:
    bucket_ids, sources, filters = chosen
    batch_ids = [await _batch(connection, tenant, collection, form, bucket_id) for bucket_id in bucket_ids]
    until = await connection.fetchval(
        "SELECT coalesce(max(row_key), 0) FROM objects WHERE bucket_id = ANY($1)", bucket_ids
    )
    inputs = {
        "collection_id": collection.collection_id,
        "batch_ids": batch_ids,
        "batches": list(zip(batch_ids, bucket_ids, strict=True)),
        "source_collection_ids": sources,
        "filters": filters,
        "until": until,
    }
    shown = {
        "collection_id": collection.collection_id,
        "namespace_id": tenant.namespace_id,
        "batch_id": batch_ids[0] if batch_ids else None,
        "trigger": {"batch_ids": batch_ids},
        "total_tiers": 1,
    }
    new = NewTask(
        kind=TRIGGER,
        task_type="api_collections_trigger",
        namespace_id=tenant.namespace_id,
        inputs=inputs,
        additional_data=shown,
    )
    task_id = await create_task(connection, new)
    await connection.execute("UPDATE batches SET task_id = $2 WHERE batch_id = ANY($1)", batch_ids, task_id)
    return Trigger(task_id=task_id, batch_ids=batch_ids, bucket_ids=bucket_ids, source_collection_ids=sources)


async def _batch(
    connection: Connection, tenant: Tenant, collection: Collection, form: TriggerForm, bucket_id: str
) -> str:
    new = NewBatch(
        namespace_id=tenant.namespace_id,
        bucket_id=bucket_id,
        collection_ids=[collection.collection_id],
        dedup_strategy=form.dedup_strategy,
        batch_name=None,
        metadata={"source": f"trigger of collection {collection.collection_name}"},
        is_draft=False,
    )
    return await create_batch(connection, new)
