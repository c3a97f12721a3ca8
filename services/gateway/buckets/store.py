"""Buckets in the database."""

from typing import Any

import asyncpg

from services.common.database.buckets.removal import start_bucket_removal
from services.common.database.find_resources import get_row
from services.common.database.pool import Executor, Pool
from services.common.errors import NotFoundError
from services.common.filters.tables import Column, Table
from services.common.ids import new_id
from services.gateway.buckets.rekeying import rekey
from services.gateway.kit.lists.page_sql import Listing
from services.gateway.kit.lists.tables import AGE, CREATED, NAME_SEARCH, UPDATED
from services.gateway.kit.rows.change_row import MERGED, change_row
from services.gateway.kit.rows.resource_names import name_taken

BUCKETS = Table(
    alias="b",
    columns={
        "bucket_id": Column("bucket_id"),
        "bucket_name": Column("bucket_name"),
        "description": Column("description"),
        "created_at": CREATED,
        "updated_at": UPDATED,
    },
    prefixes={("bucket_schema",): "bucket_schema"},
    fields="metadata",
)
BUCKET_COLUMNS = """b.*,
    (SELECT count(*) FROM objects o WHERE o.bucket_id = b.bucket_id) AS object_count,
    (SELECT count(*) FROM objects o WHERE o.bucket_id = b.bucket_id AND o.status = 'FAILED') AS failed_object_count,
    (SELECT max(o.created_at) FROM objects o WHERE o.bucket_id = b.bucket_id) AS last_upload_at,
    (SELECT coalesce(sum(x.size_bytes), 0)::bigint FROM blobs x JOIN objects o USING (object_id)
     WHERE o.bucket_id = b.bucket_id) AS total_size_bytes,
    (SELECT jsonb_build_object('avg_size_bytes', coalesce(avg(x.size_bytes)::bigint, 0),
       'max_size_bytes', coalesce(max(x.size_bytes), 0), 'min_size_bytes', coalesce(min(x.size_bytes), 0))
     FROM blobs x JOIN objects o USING (object_id) WHERE o.bucket_id = b.bucket_id) AS blob_sizes,
    (SELECT jsonb_build_object('total', count(*),
       'active', count(*) FILTER (WHERE x.status IN ('PENDING', 'PROCESSING')),
       'completed', count(*) FILTER (WHERE x.status = 'COMPLETED'),
       'failed', count(*) FILTER (WHERE x.status IN ('FAILED', 'COMPLETED_WITH_ERRORS')))
     FROM batches x WHERE x.bucket_id = b.bucket_id) AS batch_stats"""
LIST_BUCKETS = Listing(
    table=BUCKETS,
    source="buckets b",
    columns=BUCKET_COLUMNS,
    key=AGE.format(alias="b") + " || b.bucket_id)",
    key_type="text",
)
SEARCH_BUCKETS = NAME_SEARCH.format(name="b.bucket_name", alias="b")

FIND = f"SELECT {BUCKET_COLUMNS} FROM buckets b WHERE b.bucket_id = $1"  # noqa: S608
# The properties of a schema are added to; braces that stay are doubled.
MERGED_TOO = {
    **MERGED,
    "bucket_schema": "jsonb_set(bucket_schema, '{{properties}}', (bucket_schema -> 'properties') || {})",
}


async def create_bucket(pool: Executor, namespace_id: str, name: str, columns: dict[str, Any]) -> str:
    """The id of the new bucket; AlreadyExistsError when the name is taken."""
    values = {"bucket_id": new_id("bkt"), "namespace_id": namespace_id, "bucket_name": name, **columns}
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    try:
        await pool.execute(f"INSERT INTO buckets ({', '.join(values)}) VALUES ({places})", *values.values())  # noqa: S608
    except asyncpg.UniqueViolationError as error:
        raise name_taken("bucket", name) from error
    return str(values["bucket_id"])


async def read_bucket(db: Executor, namespace_id: str, identifier: str) -> asyncpg.Record:
    """A bucket with its counts, by any identifier."""
    found = await get_row(db, "bucket", namespace_id, identifier)
    row = await db.fetchrow(FIND, found["bucket_id"])
    return found if row is None else row


async def count_buckets(db: Executor, namespace_id: str) -> int:
    """The buckets of a namespace."""
    sql = "SELECT count(*) FROM buckets WHERE namespace_id = $1 AND deleted_at IS NULL"
    return int(await db.fetchval(sql, namespace_id))


async def update_bucket(pool: Pool, bucket_id: str, columns: dict[str, Any], properties: dict[str, Any]) -> None:
    """Changes the columns that are given; metadata, and `properties` of the schema, are merged.

    With another unique key the objects are keyed anew.
    """
    if properties:
        columns = {**columns, "bucket_schema": properties}
    async with pool.acquire() as connection, connection.transaction():
        try:
            change = await change_row(connection, "buckets", "bucket_id", bucket_id, columns, merged=MERGED_TOO)
        except asyncpg.UniqueViolationError as error:
            raise name_taken("bucket", str(columns.get("bucket_name"))) from error
        if change is not None and "unique_key" in change.columns:
            await rekey(connection, bucket_id, change.row["unique_key"])


async def delete_bucket(pool: Pool, bucket_id: str) -> str:
    """Hides a bucket, and returns the task that deletes it with its objects and their documents."""
    async with pool.acquire() as connection, connection.transaction():
        task_id = await start_bucket_removal(connection, bucket_id)
    if task_id is None:
        raise NotFoundError.of("bucket", bucket_id)
    return task_id
