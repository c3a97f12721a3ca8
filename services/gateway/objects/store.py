"""Objects, as the gateway reads them."""

from collections import defaultdict
from collections.abc import Sequence

import asyncpg

from services.common.database.pool import Executor
from services.common.errors import NotFoundError
from services.common.filters import OBJECTS
from services.gateway.kit.lists.page_sql import Listing
from services.gateway.kit.lists.tables import FEW, SEARCH_FIELDS
from services.gateway.kit.shapes import JsonObject
from services.gateway.objects.row_view import DONE
from services.gateway.objects.warnings import Idle

OBJECT_COLUMNS = """o.*,
    (SELECT count(*) FROM documents d WHERE d.object_id = o.object_id) AS document_count"""
LIST_OBJECTS = Listing(table=OBJECTS, source="objects o", columns=OBJECT_COLUMNS, key="o.row_key", page_size=FEW)
SEARCH_OBJECTS = SEARCH_FIELDS.format(alias="o") + " OR coalesce(o.key_prefix, '') ILIKE {pattern}"

FIND = f"SELECT {OBJECT_COLUMNS} FROM objects o WHERE o.bucket_id = $1 AND o.object_id = $2"  # noqa: S608
IDLE = """
    SELECT o.object_id, EXISTS (SELECT FROM collections c WHERE c.bucket_ids @> ARRAY[o.bucket_id]) AS has_collections
    FROM objects o
    WHERE o.object_id = ANY($1) AND NOT EXISTS (
      SELECT FROM processing p WHERE p.object_id = o.object_id AND p.status IN ('PENDING', 'PROCESSING'))"""
NOTES = """
    SELECT p.object_id, p.note, c.collection_name FROM processing p JOIN collections c USING (collection_id)
    WHERE p.object_id = ANY($1) AND p.status = 'COMPLETED' AND p.note IS NOT NULL
    ORDER BY p.object_id, c.collection_name"""


async def idle_objects(db: Executor, rows: Sequence[asyncpg.Record]) -> dict[str, Idle]:
    """Those of the objects that wait without anything to wait for, and why."""
    waiting = [row["object_id"] for row in rows if row["status"] == "PENDING"]
    if not waiting:
        return {}
    found = await db.fetch(IDLE, waiting)
    return {row["object_id"]: Idle.STORED_ONLY if row["has_collections"] else Idle.NO_COLLECTION for row in found}


async def notes_of(db: Executor, rows: Sequence[asyncpg.Record]) -> dict[str, list[JsonObject]]:
    """What is to be said of those of the objects that have ended, by object."""
    ended = [row["object_id"] for row in rows if row["status"] in DONE]
    found: dict[str, list[JsonObject]] = defaultdict(list)
    for note in await db.fetch(NOTES, ended) if ended else ():
        found[note["object_id"]].append(dict(note))
    return found


async def read_object(db: Executor, bucket_id: str, object_id: str) -> asyncpg.Record:
    """An object of this bucket, with the number of its documents."""
    row = await db.fetchrow(FIND, bucket_id, object_id)
    if row is None:
        raise NotFoundError.of("object", object_id)
    return row
