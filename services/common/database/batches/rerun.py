"""Running a batch once more: all of its objects, those that failed, or those that pass a filter."""

from typing import Any

from services.common.database.batches.lifecycle import lock_batch, of_status, retry_items
from services.common.database.batches.tally import ENDED
from services.common.database.pool import Connection, Executor
from services.common.errors import NotFoundError
from services.common.filters import EVERYTHING, OBJECTS, compile_sql, parse

ITEMS = """
    SELECT i.object_id, i.collection_id FROM batch_items i
    JOIN objects o USING (object_id)
    JOIN batch_item_states s USING (batch_id, object_id, collection_id)
    WHERE i.batch_id = $1 AND (NOT $2 OR s.state = 'FAILED') AND {where}"""
REASON = "rerun by a trigger"


async def require_batch(db: Executor, namespace_id: str, batch_id: str) -> list[str]:
    """The collections of a batch; NotFoundError when there is no such batch in the namespace."""
    query = "SELECT collection_ids FROM batches WHERE batch_id = $1 AND namespace_id = $2"
    row = await db.fetchrow(query, batch_id, namespace_id)
    if row is None:
        raise NotFoundError.of("batch", batch_id)
    return list(row["collection_ids"])


async def rerun_batch(connection: Connection, batch_id: str, filters: Any, *, failed_only: bool) -> str:
    """Queues objects of a batch that has ended, whatever became of them; the id of the task that follows them."""
    batch = await lock_batch(connection, batch_id)
    if batch["status"] not in ENDED:
        raise of_status(batch, "it can be run again when it has ended")
    wanted = EVERYTHING if filters is None else parse(filters, "action_config.filters")
    where, values = compile_sql(wanted, start=3, table=OBJECTS)
    rows = await connection.fetch(ITEMS.format(where=where), batch_id, failed_only, *values)
    return await retry_items(connection, batch_id, [(row["object_id"], row["collection_id"]) for row in rows], REASON)
