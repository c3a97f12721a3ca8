"""The life of a batch: created, submitted, retried, canceled; each step is one transaction of the caller's."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from services.common.database.batches.batch_objects import enqueue_objects, process_again
from services.common.database.batches.tally import CANCELED, DRAFT, ENDED
from services.common.database.pool import Connection
from services.common.database.tasks.create_task import NewTask, create_task
from services.common.errors import BadRequestError, NotFoundError
from services.common.ids import new_id
from services.common.row_types import JsonObject

BATCH, TRIGGER = "batch", "collection_trigger"
KINDS = (BATCH, TRIGGER)
PROCESS = "api_buckets_batches_process"
SAMPLE = 5
INSERT = """
    INSERT INTO batches (batch_id, namespace_id, bucket_id, batch_name, dedup_strategy, collection_ids, metadata,
                         status, is_loaded, submitted_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, CASE WHEN $8 = 'DRAFT' THEN NULL ELSE now() END)"""
LOCK_OPEN = """
    SELECT FROM objects WHERE object_id IN (SELECT object_id FROM batch_items WHERE batch_id = $1 AND outcome IS NULL)
    ORDER BY object_id FOR NO KEY UPDATE"""
# Takes back what this batch has queued and nobody else waits for; what was processed before is as it was.
CANCEL = """
    WITH canceled AS (
      UPDATE batch_items i SET outcome = 'SKIPPED', reason = 'canceled', ended_at = now()
      FROM processing p
      WHERE i.batch_id = $1 AND i.outcome IS NULL AND p.status = 'PENDING'
        AND p.object_id = i.object_id AND p.collection_id = i.collection_id
      RETURNING i.object_id, i.collection_id, i.enqueued
    ), own AS (
      SELECT p.object_id, p.collection_id FROM processing p JOIN canceled c USING (object_id, collection_id)
      WHERE p.status = 'PENDING' AND c.enqueued
        AND NOT EXISTS (SELECT FROM batch_items other WHERE other.object_id = c.object_id
          AND other.collection_id = c.collection_id AND other.outcome IS NULL AND other.batch_id <> $1)
    ), dropped AS (
      DELETE FROM processing p USING own
      WHERE p.object_id = own.object_id AND p.collection_id = own.collection_id AND p.before_status IS NULL
    ), restored AS (
      UPDATE processing p SET status = p.before_status, error = p.before_error, updated_at = now() FROM own
      WHERE p.object_id = own.object_id AND p.collection_id = own.collection_id AND p.before_status IS NOT NULL
    )
    SELECT DISTINCT object_id FROM own"""
SETTLE = "SELECT settle_objects($1)"
AGAIN = """
    UPDATE batch_items SET outcome = NULL, reason = NULL, ended_at = NULL, enqueued = true, retries = retries + 1
    WHERE batch_id = $1 AND (object_id, collection_id) IN (SELECT * FROM unnest($2::text[], $3::text[]))"""


@dataclass(frozen=True, kw_only=True)
class NewBatch:
    """A batch about to be stored; `is_draft` ones wait to be submitted, others get their objects from a task."""

    namespace_id: str
    bucket_id: str
    collection_ids: Sequence[str]
    dedup_strategy: str = "skip"
    batch_name: str | None = None
    metadata: JsonObject
    is_draft: bool = True


async def create_batch(connection: Connection, new: NewBatch) -> str:
    """Stores a batch without objects; returns its id."""
    batch_id = new_id("btch", 12)
    status = DRAFT if new.is_draft else "PENDING"
    values = (new.namespace_id, new.bucket_id, new.batch_name, new.dedup_strategy, list(new.collection_ids))
    await connection.execute(INSERT, batch_id, *values, new.metadata, status, new.is_draft)
    return batch_id


async def add_objects(connection: Connection, batch_id: str, object_ids: Sequence[str]) -> None:
    """Adds objects to a batch, each once."""
    await connection.execute(
        """INSERT INTO batch_objects (batch_id, object_id) SELECT $1, object_id
           FROM unnest($2::text[]) WITH ORDINALITY AS given (object_id, number) ORDER BY number
           ON CONFLICT DO NOTHING""",
        batch_id,
        list(object_ids),
    )


async def lock_batch(connection: Connection, batch_id: str) -> asyncpg.Record:
    """The row of a batch, which nobody else changes until the transaction ends."""
    row = await connection.fetchrow("SELECT * FROM batches WHERE batch_id = $1 FOR UPDATE", batch_id)
    if row is None:
        raise NotFoundError.of("batch", batch_id)
    return row


async def submit_batch(connection: Connection, batch_id: str, collection_ids: Sequence[str]) -> str:
    """Queues the objects of a draft; returns the id of the task that follows them."""
    batch = await lock_batch(connection, batch_id)
    if batch["status"] != DRAFT:
        raise of_status(batch, "only a DRAFT can be submitted")
    rows = await connection.fetch("SELECT object_id FROM batch_objects WHERE batch_id = $1", batch_id)
    if not rows:
        raise BadRequestError(f"Batch '{batch_id}' has no objects; add some first.", reason="BATCH_EMPTY", id=batch_id)
    object_ids = [row["object_id"] for row in rows]
    await enqueue_objects(connection, batch_id, object_ids, collection_ids, batch["dedup_strategy"])
    return await _follow(connection, batch, collection_ids, object_ids)


async def _follow(
    connection: Connection, batch: asyncpg.Record, collection_ids: Sequence[str], object_ids: Sequence[str]
) -> str:
    about = {name: batch[name] for name in ("batch_id", "bucket_id", "namespace_id")}
    shown = {
        **about,
        "collection_ids": list(collection_ids),
        "object_count": len(object_ids),
        "sample_object_ids": sorted(object_ids)[:SAMPLE],
        "total_tiers": 1,
    }
    task_id = await create_task(
        connection,
        NewTask(
            kind=BATCH,
            task_type=PROCESS,
            namespace_id=batch["namespace_id"],
            inputs={"batch_ids": [batch["batch_id"]]},
            additional_data=shown,
        ),
    )
    await connection.execute(
        """UPDATE batches SET status = 'PENDING', task_id = $2, collection_ids = $3, ended_at = NULL,
             submitted_at = coalesce(submitted_at, now()), updated_at = now() WHERE batch_id = $1""",
        batch["batch_id"],
        task_id,
        list(collection_ids),
    )
    return task_id


async def retry_items(connection: Connection, batch_id: str, keys: Sequence[tuple[str, str]], reason: str) -> str:
    """Queues items of a batch anew; returns the id of the task that follows them."""
    batch = await lock_batch(connection, batch_id)
    if batch["status"] not in ENDED:
        raise of_status(batch, "it can be retried when it has ended")
    await connection.execute(AGAIN, batch_id, [key[0] for key in keys], [key[1] for key in keys])
    await process_again(connection, sorted(keys))
    await connection.execute(
        """UPDATE batches SET retry_count = retry_count + 1, last_retry_at = now(), retry_reason = $2
           WHERE batch_id = $1""",
        batch_id,
        reason,
    )
    return await _follow(connection, batch, batch["collection_ids"], sorted({key[0] for key in keys}))


async def cancel_batch(connection: Connection, batch_id: str) -> str:
    """Takes back what waits in the queue; what is being processed ends by itself. Returns the id of its task."""
    batch = await lock_batch(connection, batch_id)
    if batch["status"] == DRAFT:
        raise of_status(batch, "it has not been submitted; delete it instead")
    if batch["status"] not in ENDED:
        await connection.execute(LOCK_OPEN, batch_id)
        dropped = [row["object_id"] for row in await connection.fetch(CANCEL, batch_id)]
        await connection.execute(SETTLE, dropped)
        await connection.execute(
            """UPDATE batches SET status = $2, is_loaded = true, ended_at = now(), updated_at = now()
               WHERE batch_id = $1""",
            batch_id,
            CANCELED,
        )
        await connection.execute(
            """UPDATE tasks SET status = 'CANCELED', cancel_requested = true, updated_at = now()
               WHERE task_id = $1 AND status IN ('PENDING', 'IN_PROGRESS')
                 AND (SELECT bool_and(status = 'CANCELED') FROM batches WHERE task_id = $1)""",
            batch["task_id"],
        )
    return str(batch["task_id"])


async def back_to_draft(connection: Connection, batch_id: str) -> None:
    """Makes a batch that has ended one that can be submitted again."""
    batch = await lock_batch(connection, batch_id)
    if batch["status"] not in ENDED:
        raise of_status(batch, "it can be resubmitted when it has ended")
    await connection.execute("DELETE FROM batch_items WHERE batch_id = $1", batch_id)
    await connection.execute(
        """UPDATE batches SET status = 'DRAFT', task_id = NULL, submitted_at = NULL, ended_at = NULL, error = NULL,
             updated_at = now() WHERE batch_id = $1""",
        batch_id,
    )


def of_status(batch: asyncpg.Record, why: str) -> BadRequestError:
    """The error for what cannot be done to a batch in its status."""
    message = f"Batch '{batch['batch_id']}' is {batch['status']}: {why}."
    return BadRequestError(message, reason="BATCH_STATUS", id=batch["batch_id"], status=batch["status"])
