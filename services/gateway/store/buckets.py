"""Buckets in the database."""

from typing import Any

import asyncpg

from services.common.database.outbox import record_event
from services.common.database.pool import Executor, Pool
from services.common.database.resources import get_row
from services.common.errors import AlreadyExistsError
from services.common.ids import new_id
from services.gateway.store.tables import BUCKET_COLUMNS

FIND = f"SELECT {BUCKET_COLUMNS} FROM buckets b WHERE b.bucket_id = $1"  # noqa: S608


async def create_bucket(
    pool: Pool,
    namespace_id: str,
    name: str,
    *,
    schema: dict[str, Any],
    description: str | None,
    metadata: dict[str, Any],
) -> asyncpg.Record:
    """The new bucket with its counts; AlreadyExistsError when the name is taken."""
    bucket_id = new_id("bkt")
    try:
        await pool.execute(
            """INSERT INTO buckets (bucket_id, namespace_id, bucket_name, bucket_schema, description, metadata)
               VALUES ($1, $2, $3, $4, $5, $6)""",
            bucket_id,
            namespace_id,
            name,
            schema,
            description,
            metadata,
        )
    except asyncpg.UniqueViolationError as error:
        raise taken("bucket", name) from error
    return await read_bucket(pool, namespace_id, bucket_id)


def taken(resource: str, name: str) -> AlreadyExistsError:
    """The error for a name that another resource of the kind has."""
    return AlreadyExistsError(f"A {resource} named '{name}' exists already.", resource=resource, name=name)


async def read_bucket(db: Executor, namespace_id: str, identifier: str) -> asyncpg.Record:
    """A bucket with its counts, by any identifier."""
    found = await get_row(db, "bucket", namespace_id, identifier)
    row = await db.fetchrow(FIND, found["bucket_id"])
    return found if row is None else row


async def update_bucket(
    pool: Pool,
    bucket_id: str,
    *,
    name: str | None,
    properties: dict[str, Any],
    description: str | None,
    metadata: dict[str, Any],
) -> None:
    """Changes what is given; properties and metadata are merged."""
    try:
        await pool.execute(
            """UPDATE buckets SET bucket_name = coalesce($2, bucket_name), description = coalesce($4, description),
                 bucket_schema = jsonb_set(bucket_schema, '{properties}', (bucket_schema -> 'properties') || $3),
                 metadata = metadata || $5, updated_at = now() WHERE bucket_id = $1""",
            bucket_id,
            name,
            properties,
            description,
            metadata,
        )
    except asyncpg.UniqueViolationError as error:
        raise taken("bucket", str(name)) from error


async def delete_bucket(pool: Pool, namespace_id: str, bucket_id: str) -> None:
    """Deletes a bucket with its objects and their documents; the index follows the change log."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("DELETE FROM buckets WHERE bucket_id = $1", bucket_id)
        await record_event(connection, namespace_id, "bucket.deleted", bucket_id)
