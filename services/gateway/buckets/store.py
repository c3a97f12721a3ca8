"""Buckets in the database."""

from typing import Any

import asyncpg

from services.common.database.buckets.removal import start_bucket_removal
from services.common.database.find_resources import get_row
from services.common.database.pool import Executor, Pool
from services.common.errors import AlreadyExistsError, NotFoundError
from services.common.ids import new_id
from services.gateway.buckets.rekeying import rekey
from services.gateway.kit.lists.tables import BUCKET_COLUMNS
from services.gateway.kit.rows.change_row import MERGED, change_row

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
        raise taken("bucket", name) from error
    return str(values["bucket_id"])


def taken(resource: str, name: str) -> AlreadyExistsError:
    """The error for a name that another resource of the kind has."""
    article = "An" if resource[0] in "aeiou" else "A"
    return AlreadyExistsError(f"{article} {resource} named '{name}' exists already.", resource=resource, name=name)


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
            raise taken("bucket", str(columns.get("bucket_name"))) from error
        if change is not None and "unique_key" in change.columns:
            await rekey(connection, bucket_id, change.row["unique_key"])


async def delete_bucket(pool: Pool, bucket_id: str) -> str:
    """Hides a bucket, and returns the task that deletes it with its objects and their documents."""
    async with pool.acquire() as connection, connection.transaction():
        task_id = await start_bucket_removal(connection, bucket_id)
    if task_id is None:
        raise NotFoundError.of("bucket", bucket_id)
    return task_id
