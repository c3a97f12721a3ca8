"""The tasks of batches: a trigger's adds its objects, then both follow what becomes of them."""

import asyncio
from collections.abc import Sequence

import asyncpg

from services.common.database.batches.batch_objects import enqueue_objects, tallies
from services.common.database.batches.lifecycle import add_objects, lock_batch
from services.common.database.batches.tally import CANCELED, ENDED, FAILED, Tally, status_of
from services.common.database.events.outbox import Event, record_all
from services.common.database.pool import Connection, Pool
from services.common.errors import LikenessError
from services.common.filters import DOCUMENTS, EVERYTHING, OBJECTS, compile_sql, parse
from services.worker.kit.task import Done, JsonObject, Task, TaskCanceledError, TaskWaitsError

CHUNK = 1000
LOOKS = 5
LOOK_SECONDS = 0.2
WAIT_SECONDS = 1.0
SETTLE = """
    UPDATE batch_items i SET outcome = s.state, reason = s.reason, ended_at = now()
    FROM batch_item_states s
    WHERE i.batch_id = $1 AND i.outcome IS NULL AND s.batch_id = $1 AND s.is_open
      AND s.object_id = i.object_id AND s.collection_id = i.collection_id
      AND s.state IN ('COMPLETED', 'FAILED', 'SKIPPED', 'LOST')"""
NOTE = """
    UPDATE batches SET status = $2, updated_at = now(), ended_at = CASE WHEN $3 THEN now() END
    WHERE batch_id = $1 AND status NOT IN ('CANCELED', 'DRAFT')"""
NEXT = """
    SELECT o.object_id, o.row_key FROM objects o
    WHERE o.bucket_id = $1 AND o.row_key > $2 AND o.row_key <= $3 AND {where} ORDER BY o.row_key LIMIT $4"""
OF_DOCUMENTS = """
    EXISTS (SELECT FROM documents d WHERE d.object_id = o.object_id AND d.collection_id = ANY($5) AND {where})"""


async def follow_batches(task: Task) -> Done:
    """Ends when nothing is left to do of its batches; gives its turn back between looks."""
    batch_ids: list[str] = task.inputs["batch_ids"]
    for _ in range(LOOKS):
        found = [await _look(task.pool, batch_id) for batch_id in batch_ids]
        await task.progress(**_progress(found))
        if all(tally.is_over for tally, _ in found):
            return _done(batch_ids, found)
        await asyncio.sleep(LOOK_SECONDS)
    raise TaskWaitsError(WAIT_SECONDS)


async def trigger_collection(task: Task) -> Done:
    """Adds the objects that were there when it was asked for, bucket by bucket, then follows them."""
    for batch_id, bucket_id in task.inputs["batches"]:
        await _load(task, batch_id, bucket_id)
    return await follow_batches(task)


async def _look(pool: Pool, batch_id: str) -> tuple[Tally, str]:
    """Writes down what has ended; the tally and the status of the batch."""
    async with pool.acquire() as connection, connection.transaction():
        batch = await lock_batch(connection, batch_id)
        await connection.execute(SETTLE, batch_id)
        tally = (await tallies(connection, [batch_id])).get(batch_id, Tally())
        if batch["status"] in ENDED:
            return tally, batch["status"]
        status = status_of(tally, is_loaded=batch["is_loaded"])
        await connection.execute(NOTE, batch_id, status, status in ENDED)
        if status in ENDED:
            await _tell(connection, batch, tally, status)
    return tally, status


async def _tell(connection: Connection, batch: asyncpg.Record, tally: Tally, status: str) -> None:
    counts = {name: getattr(tally, name) for name in Tally.__dataclass_fields__}
    payload = {"batch_id": batch["batch_id"], "bucket_id": batch["bucket_id"], "status": status, **counts}
    events = [
        Event(
            namespace_id=batch["namespace_id"],
            event_type="collection.documents.batch_completed",
            subject_id=collection_id,
            payload={"collection_id": collection_id, **payload},
        )
        for collection_id in batch["collection_ids"]
    ]
    await record_all(connection, events)


def _progress(found: Sequence[tuple[Tally, str]]) -> dict[str, object]:
    total, ended = sum(tally.total for tally, _ in found), sum(tally.ended for tally, _ in found)
    errors = sum(tally.failed + tally.lost for tally, _ in found)
    percent = round(100.0 * ended / total, 1) if total else 100.0
    return {"progress": {"processed": ended, "total": total, "percent": percent, "errors": errors}}


def _done(batch_ids: Sequence[str], found: Sequence[tuple[Tally, str]]) -> Done:
    statuses = {status for _, status in found}
    if statuses == {CANCELED}:
        raise TaskCanceledError(",".join(batch_ids))
    if statuses == {FAILED}:
        message = f"Every object of {', '.join(batch_ids)} failed; see its failed-documents."
        raise LikenessError(message, reason="BATCH_FAILED")
    outputs = {"batch_ids": list(batch_ids), **_progress(found)}
    return Done(outputs=outputs, had_errors=any(tally.failed + tally.lost for tally, _ in found))


async def _load(task: Task, batch_id: str, bucket_id: str) -> None:
    """Adds objects until there are no more; where a killed worker was is read from the batch itself."""
    sql, values = _chosen(task.inputs)
    while await _load_chunk(task, batch_id, sql, bucket_id, values):
        await task.progress()


def _chosen(inputs: JsonObject) -> tuple[str, list[object]]:
    """SQL for the next objects that pass the filter, or that have a document which does, and its values from $5 on."""
    filters = parse(inputs["filters"], "source_filters") if inputs.get("filters") else EVERYTHING
    sources = inputs.get("source_collection_ids")
    if not sources:
        where, values = compile_sql(filters, start=5, table=OBJECTS)
        return NEXT.format(where=where), values
    where, values = compile_sql(filters, start=6, table=DOCUMENTS)
    return NEXT.format(where=OF_DOCUMENTS.format(where=where)), [sources, *values]


async def _load_chunk(task: Task, batch_id: str, sql: str, bucket_id: str, values: Sequence[object]) -> bool:
    """Whether there may be more; a batch that was canceled, or is loaded, gets none."""
    inputs = task.inputs
    async with task.pool.acquire() as connection, connection.transaction():
        batch = await lock_batch(connection, batch_id)
        if batch["is_loaded"]:
            return False
        after = await connection.fetchval(
            """SELECT coalesce(max(o.row_key), 0) FROM batch_objects b JOIN objects o USING (object_id)
               WHERE b.batch_id = $1""",
            batch_id,
        )
        rows = await connection.fetch(sql, bucket_id, after, inputs["until"], CHUNK, *values)
        object_ids = [row["object_id"] for row in rows]
        await add_objects(connection, batch_id, object_ids)
        await enqueue_objects(connection, batch_id, object_ids, batch["collection_ids"], batch["dedup_strategy"])
        if len(rows) < CHUNK:
            await connection.execute("UPDATE batches SET is_loaded = true WHERE batch_id = $1", batch_id)
    return len(rows) == CHUNK
