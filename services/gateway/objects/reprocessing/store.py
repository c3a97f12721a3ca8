"""Processing an object anew after a change, in the collections whose input changed, and in no others."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from services.common.database.pool import Connection
from services.common.database.tasks.jobs import AGAIN, send_ingest
from services.common.row_types import Blob
from services.gateway.objects.reprocessing.changed_inputs import Change, Reader, Renewal, renewal_of

READERS = """
    SELECT c.collection_id, c.extractor, c.feature_extractor -> 'input_mappings' AS mappings,
           coalesce(c.source #> '{source_filters,filters}', '{}') <> '{}' AS has_filter, p.status
    FROM collections c LEFT JOIN processing p ON p.collection_id = c.collection_id AND p.object_id = $1
    WHERE c.bucket_ids @> ARRAY[$2] AND c.enabled AND (p.object_id IS NOT NULL OR c.collection_id = ANY($3))
    ORDER BY c.collection_id"""
BLOBS = "SELECT * FROM blobs WHERE object_id = $1 ORDER BY position"
# What is to be done whatever it holds stays so until it is done.
RENEW = f"""
    INSERT INTO processing (object_id, collection_id, look)
    SELECT $1, new.* FROM unnest($2::text[], $3::text[]) AS new (collection_id, look)
    ON CONFLICT (object_id, collection_id) DO UPDATE SET
      {AGAIN},
      look = CASE WHEN processing.status NOT IN ('PENDING', 'PROCESSING') OR excluded.look IS NULL THEN excluded.look
                  WHEN processing.look = 'check' THEN excluded.look ELSE processing.look END"""  # noqa: S608
AWAIT = """
    UPDATE objects SET status = 'PENDING', error = NULL, is_looked_at = $2 AND (status = 'COMPLETED' OR is_looked_at),
      updated_at = CASE WHEN $2 AND (status = 'COMPLETED' OR is_looked_at) THEN updated_at ELSE now() END
    WHERE object_id = $1"""


# What has changed and is not to be processed yet is no longer done: the next batch finds it so.
OUTDATE = """
    WITH outdated AS (
      UPDATE processing SET look = 'check' WHERE object_id = $1 AND collection_id = ANY($2) AND status = 'COMPLETED'
      RETURNING object_id
    )
    UPDATE objects SET status = 'PENDING', updated_at = now() WHERE object_id IN (SELECT object_id FROM outdated)
      AND status = 'COMPLETED'"""


async def blobs_held(connection: Connection, object_id: str) -> list[Blob]:
    """The blobs of an object, in their order."""
    return [_blob(row) for row in await connection.fetch(BLOBS, object_id)]


async def renew(
    connection: Connection, object_id: str, bucket_id: str, change: Change, wanted: Sequence[str] = ()
) -> bool:
    """Makes the records and jobs of what is to be done about a change; whether there is any.

    The caller has locked the object. `wanted` are the collections that an upload concerns.
    """
    rows = await connection.fetch(READERS, object_id, bucket_id, list(wanted))
    found = {row["collection_id"]: renewal_of(Reader(**row), change) for row in rows}
    due = {key: renewal for key, renewal in found.items() if renewal is not Renewal.NOTHING}
    if due:
        await _enqueue(connection, object_id, due)
    return bool(due)


async def outdate(connection: Connection, object_id: str, bucket_id: str, change: Change) -> None:
    """Says of what a change outdates that it is to be done anew, by whom that may be; nothing is processed now."""
    rows = await connection.fetch(READERS, object_id, bucket_id, [])
    outdated = [row["collection_id"] for row in rows if renewal_of(Reader(**row), change) is Renewal.CHECK]
    await connection.execute(OUTDATE, object_id, outdated)


async def _enqueue(connection: Connection, object_id: str, due: Mapping[str, Renewal]) -> None:
    looks = [None if renewal is Renewal.WHOLE else renewal.value for renewal in due.values()]
    await connection.execute(AWAIT, object_id, None not in looks)
    await connection.execute(RENEW, object_id, list(due), looks)
    await send_ingest(connection, [(object_id, collection_id) for collection_id in due])


def _blob(row: asyncpg.Record | Mapping[str, Any]) -> Blob:
    return Blob(**{name: row[name] for name in Blob.__dataclass_fields__})
