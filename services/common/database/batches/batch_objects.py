"""Batches: objects that are processed together, from their jobs to their tally."""

from collections.abc import Iterable, Iterator, Sequence

from services.common.database.batches.tally import Tally
from services.common.database.pool import Connection, Executor
from services.common.database.tasks.jobs import AGAIN, send_ingest

CHUNK = 2000
# A statement of its own: what is read after it is what others have committed until then.
LOCK = "SELECT FROM objects WHERE object_id = ANY($1) ORDER BY object_id FOR NO KEY UPDATE"
# An item that is being processed already is only followed; one that a change has outdated is not done.
ENQUEUE = """
    WITH found AS (
      SELECT object_id, collection_id, o.object_id IS NULL AS is_gone,
             $4 = 'skip' AND coalesce(p.status, '') = 'COMPLETED' AND p.look IS NULL AS is_done,
             $4 <> 'skip' OR coalesce(p.status, 'FAILED') = 'FAILED'
               OR (p.status = 'COMPLETED' AND p.look IS NOT NULL) AS is_wanted
      FROM unnest($2::text[]) AS given (object_id) CROSS JOIN unnest($3::text[]) AS each (collection_id)
      LEFT JOIN objects o USING (object_id) LEFT JOIN processing p USING (object_id, collection_id)
    ), items AS (
      INSERT INTO batch_items (batch_id, object_id, collection_id, enqueued, outcome, reason, ended_at)
      SELECT $1, object_id, collection_id, is_wanted AND NOT is_gone,
             CASE WHEN is_gone OR is_done THEN 'SKIPPED' END,
             CASE WHEN is_gone THEN 'deleted' WHEN is_done THEN 'processed already' END,
             CASE WHEN is_gone OR is_done THEN now() END
      FROM found ON CONFLICT DO NOTHING RETURNING object_id, collection_id, enqueued
    )
    SELECT object_id, collection_id FROM items WHERE enqueued ORDER BY object_id, collection_id"""
RECORDS = f"""
    WITH told AS (
      UPDATE objects SET status = 'PENDING', error = NULL, updated_at = now() WHERE object_id = ANY($1)
    )
    INSERT INTO processing (object_id, collection_id, look)
    SELECT object_id, collection_id, $3 FROM unnest($1::text[], $2::text[]) AS job (object_id, collection_id)
    JOIN objects USING (object_id) JOIN collections USING (collection_id)
    ON CONFLICT (object_id, collection_id)
    DO UPDATE SET look = excluded.look, input_digest = NULL, {AGAIN}
    RETURNING object_id, collection_id"""  # noqa: S608
# Of an object with several collections: begun counts before waiting, a failure before a success.
TALLY = """
    SELECT batch_id, count(*) AS total,
           count(*) FILTER (WHERE state = 'PENDING') AS pending,
           count(*) FILTER (WHERE state = 'PROCESSING') AS processing,
           count(*) FILTER (WHERE state = 'COMPLETED') AS completed,
           count(*) FILTER (WHERE state = 'FAILED') AS failed,
           count(*) FILTER (WHERE state = 'SKIPPED') AS skipped,
           count(*) FILTER (WHERE state = 'LOST') AS lost
    FROM (
      SELECT o.batch_id, o.object_id,
             CASE WHEN count(s.state) = 0 OR bool_or(s.state = 'LOST') THEN 'LOST'
                  WHEN bool_or(s.state = 'PROCESSING')
                    OR (bool_or(s.state = 'PENDING') AND bool_or(s.state IN ('COMPLETED', 'FAILED'))) THEN 'PROCESSING'
                  WHEN bool_or(s.state = 'PENDING') THEN 'PENDING'
                  WHEN bool_or(s.state = 'FAILED') THEN 'FAILED'
                  WHEN bool_or(s.state = 'COMPLETED') THEN 'COMPLETED'
                  ELSE 'SKIPPED' END AS state
      FROM batch_objects o LEFT JOIN batch_item_states s USING (batch_id, object_id)
      WHERE o.batch_id = ANY($1) GROUP BY o.batch_id, o.object_id
    ) AS each GROUP BY batch_id"""


async def enqueue_objects(
    connection: Connection, batch_id: str, object_ids: Iterable[str], collection_ids: Sequence[str], strategy: str
) -> None:
    """Makes the items of a batch, with records and jobs for those that are to be processed."""
    for chunk in _chunks(sorted(set(object_ids))):
        await connection.execute(LOCK, chunk)
        rows = await connection.fetch(ENQUEUE, batch_id, chunk, list(collection_ids), strategy)
        keys = [(row["object_id"], row["collection_id"]) for row in rows]
        await process_again(connection, keys, look="refetch" if strategy == "force" else None)


async def process_again(connection: Connection, keys: Sequence[tuple[str, str]], look: str | None = None) -> int:
    """Records and jobs for (object, collection), whatever became of them before; returns how many there still are.

    To `refetch` is to ask their addresses again.
    """
    if not keys:
        return 0
    await connection.execute(LOCK, [key[0] for key in keys])
    rows = await connection.fetch(RECORDS, [key[0] for key in keys], [key[1] for key in keys], look)
    await send_ingest(connection, [(row["object_id"], row["collection_id"]) for row in rows])
    return len(rows)


async def tallies(db: Executor, batch_ids: Sequence[str]) -> dict[str, Tally]:
    """What has become of the objects of each submitted batch; one without objects is missing."""
    rows = await db.fetch(TALLY, list(batch_ids))
    return {row["batch_id"]: Tally(**{name: row[name] for name in Tally.__dataclass_fields__}) for row in rows}


def _chunks(object_ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(object_ids), CHUNK):
        yield list(object_ids[start : start + CHUNK])
