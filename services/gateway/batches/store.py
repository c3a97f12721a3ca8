"""Batches in the database, as the gateway reads them."""

from collections import defaultdict
from collections.abc import Sequence

import asyncpg

from services.common.database.batches.batch_objects import tallies
from services.common.database.batches.tally import DRAFT, Tally
from services.common.database.bounded_reads import snapshot
from services.common.database.pool import Executor, Pool
from services.common.errors import NotFoundError
from services.common.filters.tables import Column, Kind, Table
from services.common.row_types import JsonObject
from services.gateway.batches.shapes import Batch
from services.gateway.batches.views import to_batch
from services.gateway.kit.lists.page_sql import Listing

SHOWN_FAILURES = 100
BATCHES = Table(
    alias="b",
    columns={
        "batch_id": Column("batch_id"),
        "bucket_id": Column("bucket_id"),
        "namespace_id": Column("namespace_id"),
        "batch_name": Column("batch_name"),
        "status": Column("status"),
        "task_id": Column("task_id"),
        "collection_ids": Column("collection_ids", Kind.OTHER),
        "created_at": Column("created_at", Kind.TIME),
        "updated_at": Column("updated_at", Kind.TIME),
    },
    prefixes={},
    fields="metadata",
)
LIST_BATCHES = Listing(table=BATCHES, source="batches b", columns="b.*", key="b.row_key")
SEARCH_BATCHES = "b.batch_id ILIKE {pattern} OR coalesce(b.batch_name, '') ILIKE {pattern}"
# What was lost has no time of its own: it is as old as the last news of its batch.
NEWS = "coalesce(s.updated_at, b.updated_at) AS updated_at"
FAILURES = f"""
    SELECT * FROM (
      SELECT s.batch_id, s.object_id, s.collection_id, s.reason, s.retries, {NEWS}, row_number() OVER (
        PARTITION BY s.batch_id ORDER BY s.updated_at DESC, s.object_id, s.collection_id) AS number
      FROM batch_item_states s JOIN batches b USING (batch_id)
      WHERE s.batch_id = ANY($1) AND s.state IN ('FAILED', 'LOST')) AS failed
    WHERE number <= $2 ORDER BY batch_id, number"""  # noqa: S608
BY_COLLECTION = """
    SELECT collection_id, count(*) AS total,
           count(*) FILTER (WHERE state = 'PENDING') AS pending,
           count(*) FILTER (WHERE state = 'PROCESSING') AS processing,
           count(*) FILTER (WHERE state = 'COMPLETED') AS completed,
           count(*) FILTER (WHERE state = 'FAILED') AS failed,
           count(*) FILTER (WHERE state = 'SKIPPED') AS skipped,
           count(*) FILTER (WHERE state = 'LOST') AS lost
    FROM batch_item_states WHERE batch_id = $1 GROUP BY collection_id ORDER BY collection_id"""
FAILED_ITEMS = f"""
    SELECT s.object_id, s.collection_id, s.reason, s.retries, {NEWS}, count(*) OVER () AS total
    FROM batch_item_states s JOIN batches b USING (batch_id)
    WHERE s.batch_id = $1 AND s.state IN ('FAILED', 'LOST') AND ($2::text IS NULL OR s.collection_id = $2)
    ORDER BY s.object_id, s.collection_id LIMIT $3 OFFSET $4"""  # noqa: S608


async def get_batch(
    db: Executor, batch_id: str, *, bucket_id: str | None = None, namespaces: Sequence[str] | None = None
) -> asyncpg.Record:
    """A batch of this bucket, or of these namespaces; None means any."""
    row = await db.fetchrow(
        """SELECT * FROM batches WHERE batch_id = $1 AND ($2::text IS NULL OR bucket_id = $2)
           AND ($3::text[] IS NULL OR namespace_id = ANY($3))""",
        batch_id,
        bucket_id,
        namespaces,
    )
    if row is None:
        raise NotFoundError.of("batch", batch_id)
    return row


async def batch_answers(db: Executor, rows: Sequence[asyncpg.Record], *, with_objects: bool) -> list[Batch]:
    """Batches as they are now."""
    batch_ids = [row["batch_id"] for row in rows]
    counted = await all_tallies(db, rows)
    failures: dict[str, list[JsonObject]] = defaultdict(list)
    for row in await db.fetch(FAILURES, batch_ids, SHOWN_FAILURES):
        failures[row["batch_id"]].append(dict(row))
    objects = await _objects(db, batch_ids) if with_objects else {}
    return [
        to_batch(dict(row), counted[row["batch_id"]], failures[row["batch_id"]], objects.get(row["batch_id"]))
        for row in rows
    ]


async def batch_answer(pool: Pool, batch_id: str) -> Batch:
    """One batch as it is now, with its objects: all of it at one moment."""
    async with snapshot(pool) as db:
        row = await get_batch(db, batch_id)
        return (await batch_answers(db, [row], with_objects=True))[0]


async def all_tallies(db: Executor, rows: Sequence[asyncpg.Record]) -> dict[str, Tally]:
    """The tally of each batch; the objects of a draft are all pending."""
    found = await tallies(db, [row["batch_id"] for row in rows])
    empty = Tally()
    return {
        row["batch_id"]: _draft(found.get(row["batch_id"], empty))
        if row["status"] == DRAFT
        else found.get(row["batch_id"], empty)
        for row in rows
    }


def _draft(tally: Tally) -> Tally:
    return Tally(total=tally.total, pending=tally.total)


async def _objects(db: Executor, batch_ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {batch_id: [] for batch_id in batch_ids}
    query = "SELECT batch_id, object_id FROM batch_objects WHERE batch_id = ANY($1) ORDER BY batch_id, position"
    for row in await db.fetch(query, list(batch_ids)):
        found[row["batch_id"]].append(row["object_id"])
    return found
