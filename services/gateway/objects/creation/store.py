"""Creating objects: each with its blobs, its records, its jobs and the event, in one transaction."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import asyncpg

from services.common.database.pool import Connection, Executor, Pool
from services.common.database.tasks.jobs import send_ingest
from services.common.database.taxonomies.applied_taxonomies import as_labels
from services.common.errors import AlreadyExistsError, NotFoundError, UnavailableError
from services.common.ids import new_id
from services.common.row_types import Blob, JsonObject
from services.gateway.buckets.unique_keys import Policy
from services.gateway.objects.creation.duplicates import find_duplicate
from services.gateway.objects.creation.merging import merge_object
from services.gateway.objects.reprocessing.collections_of_object import concerned

TRIES = 5
IDEMPOTENCY_KEY, SKIP_DUPLICATES = "idempotency_key", "skip_duplicates"


@dataclass(frozen=True, kw_only=True)
class NewBlob:
    """A blob about to be stored: by URL, or already in the blob store under `storage_key`."""

    property: str
    type: str
    source_url: str | None = None
    storage_key: str | None = None
    filename: str | None = None
    mime_type: str | None = None
    size_bytes: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class NewObject:
    """An object about to be stored; `fields` are flat. Without `process` no job is made.

    `unique_key` is the digest of the bucket's key fields; then `policy` says what it means.
    """

    namespace_id: str
    bucket_id: str
    key_prefix: str | None
    fields: JsonObject
    blobs: Sequence[NewBlob]
    idempotency_key: str | None = None
    unique_key: str | None = None
    policy: Policy = Policy.INSERT
    skip_duplicates: bool = False
    process: bool = True


@dataclass(frozen=True, kw_only=True)
class Created:
    """What became of a new object. `created_at` and `blobs` only when it is new; `replayed_by` when it was there.

    `document_ids` are those that changed with an object that was there and was merged into. `is_idle`: nothing
    processes it.
    """

    object_id: str
    created_at: datetime | None = None
    blobs: tuple[Blob, ...] = ()
    replayed_by: str | None = None
    document_ids: tuple[str, ...] = ()
    is_idle: bool = False


# One statement, since every upload pays for each round trip. $9: which collections, null for all of the bucket.
INSERT_OBJECT = """
    WITH object AS (
      INSERT INTO objects (object_id, namespace_id, bucket_id, key_prefix, fields, idempotency_key, unique_key)
      VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING object_id, created_at),
    blob AS (
      INSERT INTO blobs (blob_id, object_id, position, property, type,
                         source_url, storage_key, filename, mime_type, size_bytes, sha256)
      SELECT b.blob_id, object.object_id, b.position, b.property, b.type,
             b.source_url, b.storage_key, b.filename, b.mime_type, b.size_bytes, b.sha256
      FROM object, jsonb_populate_recordset(NULL::blobs, $8) AS b),
    record AS (
      INSERT INTO processing (object_id, collection_id)
      SELECT object.object_id, c.collection_id FROM object JOIN collections c ON c.bucket_ids @> ARRAY[$3]
      WHERE c.enabled AND ($9::text[] IS NULL OR c.collection_id = ANY($9)) RETURNING collection_id),
    event AS (
      INSERT INTO events (event_id, namespace_id, event_type, subject_type, subject_id, payload)
      SELECT $10, $2, 'object.created', 'object', object_id, jsonb_build_object('bucket_id', $3::text) FROM object)
    SELECT created_at, ARRAY(SELECT collection_id FROM record ORDER BY collection_id) AS collection_ids FROM object"""


async def create_object(pool: Pool, new: NewObject) -> Created:
    """Stores an object and all that belongs to it.

    One of the same idempotency key, or with `skip_duplicates` of the same content, is returned instead.
    """
    async with pool.acquire() as connection, connection.transaction():
        return await create_in(connection, new)


async def create_in(connection: Connection, new: NewObject) -> Created:
    """Like create_object, in the caller's transaction."""
    new = replace(new, fields=await as_labels(connection, new.bucket_id, new.fields))
    if new.skip_duplicates and (found := await _of_same_content(connection, new)):
        return Created(object_id=found, replayed_by=SKIP_DUPLICATES)
    for _ in range(TRIES):
        if new.unique_key is None or new.policy is not Policy.UPDATE:
            created = await _insert(connection, new)
            if created is not None:
                return created
        if found := await find_by_key(connection, new.bucket_id, new.idempotency_key):
            return Created(object_id=found, replayed_by=IDEMPOTENCY_KEY)
        if merged := await _merge(connection, new):
            return merged
    raise UnavailableError("An object of the same key is being created and deleted; try again.")


async def find_by_key(db: Executor, bucket_id: str, idempotency_key: str | None) -> str | None:
    """The object of this bucket that was created with this key."""
    if idempotency_key is None:
        return None
    query = "SELECT object_id FROM objects WHERE bucket_id = $1 AND idempotency_key = $2"
    found: str | None = await db.fetchval(query, bucket_id, idempotency_key)
    return found


async def _insert(connection: Connection, new: NewObject) -> Created | None:
    """The new object; None when another has one of its keys."""
    object_id = new_id("obj", 16)
    blobs = blob_rows(new.blobs)
    values = (new.namespace_id, new.bucket_id, new.key_prefix, new.fields, new.idempotency_key, new.unique_key)
    collections = await _chosen(connection, new)
    try:
        row = await connection.fetchrow(INSERT_OBJECT, object_id, *values, blobs, collections, new_id("evt", 20))
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFoundError.of("bucket", new.bucket_id) from error
    if row is None:
        return None
    await send_ingest(connection, [(object_id, collection_id) for collection_id in row["collection_ids"]])
    kept = tuple(Blob(**blob) for blob in blobs)
    return Created(object_id=object_id, created_at=row["created_at"], blobs=kept, is_idle=not row["collection_ids"])


def blob_rows(blobs: Sequence[NewBlob]) -> list[JsonObject]:
    """The rows of new blobs, as the table has them."""
    return [{"blob_id": new_id("blob", 16), "position": n, **asdict(blob)} for n, blob in enumerate(blobs)]


async def _chosen(connection: Connection, new: NewObject) -> list[str] | None:
    if not new.process:
        return []
    return None if new.blobs else await concerned(connection, new.bucket_id, new.fields, has_blobs=False)


async def _of_same_content(connection: Connection, new: NewObject) -> str | None:
    """A blob whose content is not known yet is like no other."""
    hashes = [blob.sha256 for blob in new.blobs if blob.sha256]
    if len(hashes) < len(new.blobs):
        return None
    return await find_duplicate(connection, new.bucket_id, sorted(set(hashes)), new.fields, new.unique_key)


async def _merge(connection: Connection, new: NewObject) -> Created | None:
    """The object of the same unique key, merged as the policy says; None when there is none."""
    if new.unique_key is None:
        return None
    query = "SELECT object_id FROM objects WHERE bucket_id = $1 AND unique_key = $2 FOR NO KEY UPDATE"
    object_id = await connection.fetchval(query, new.bucket_id, new.unique_key)
    if object_id is None:
        if new.policy is Policy.UPDATE:
            raise NotFoundError("No object has this unique key; use policy=upsert to create it.", resource="object")
        return None
    if new.policy is Policy.INSERT:
        message = f"Object '{object_id}' has this unique key already; use policy=upsert to change it."
        raise AlreadyExistsError(message, resource="object", id=object_id)
    blobs = blob_rows(new.blobs)
    changed = await merge_object(
        connection, object_id, new.fields, blobs, key_prefix=new.key_prefix, process=new.process
    )
    return Created(object_id=object_id, document_ids=tuple(changed))
