"""Deleting a bucket or a namespace: hidden in the request, emptied by a task, some objects at a time."""

from dataclasses import dataclass

from services.common.database.events.deliveries import forget_namespace
from services.common.database.events.document_events import GONE, record_deleted_documents
from services.common.database.events.object_events import record_deleted_objects
from services.common.database.events.outbox import record_event
from services.common.database.pool import Connection, Pool
from services.common.database.tasks.create_task import NewTask, create_task

DELETE_BUCKET, DELETE_NAMESPACE = "delete_bucket", "delete_namespace"
LATE = 500
# No name that anybody can give holds a slash, so the old one is free at once.
HIDE_BUCKET = """
    UPDATE buckets SET deleted_at = now(), bucket_name = bucket_name || '/' || bucket_id
    WHERE bucket_id = $1 AND deleted_at IS NULL RETURNING namespace_id"""
HIDE_NAMESPACE = """
    UPDATE namespaces SET deleted_at = now(), namespace_name = namespace_name || '/' || namespace_id
    WHERE namespace_id = $1 AND deleted_at IS NULL RETURNING namespace_id"""
EXPIRED = "SELECT namespace_id FROM namespaces WHERE expires_at <= now() AND deleted_at IS NULL"
# Whose task was killed, or failed: nothing else would ever empty them.
FORGOTTEN = """
    SELECT 'delete_bucket' AS kind, 'api_buckets_delete' AS task_type, namespace_id,
           jsonb_build_object('bucket_id', bucket_id) AS inputs
    FROM buckets WHERE deleted_at < now() - interval '1 hour'
    UNION ALL
    SELECT 'delete_namespace', 'api_namespaces_delete', NULL,
           jsonb_build_object('namespace_id', namespace_id)
    FROM namespaces WHERE deleted_at < now() - interval '1 hour'
    EXCEPT SELECT kind, task_type, namespace_id, inputs FROM tasks WHERE status IN ('PENDING', 'IN_PROGRESS')"""
OBJECTS = (
    "SELECT object_id, namespace_id, bucket_id FROM objects WHERE {owner} = $1 ORDER BY object_id LIMIT $2 FOR UPDATE"
)
DOCUMENTS = f"DELETE FROM documents WHERE object_id = ANY($1) RETURNING {GONE}"  # noqa: S608
LEFT_OVER = f"""
    DELETE FROM documents WHERE document_id IN (SELECT document_id FROM documents WHERE {{owner}} = $1 LIMIT $2)
    RETURNING {GONE}"""  # noqa: S608

# What goes with its namespace, table by table.
HELD = {
    "alerts": "alert",
    "triggers": "trigger",
    "clusters": "cluster",
    "taxonomies": "taxonomy",
    "collections": "collection",
    "buckets": "bucket",
}
TELL_HELD = """
    INSERT INTO events (event_id, namespace_id, event_type, subject_type, subject_id, payload)
    SELECT new_event_id(), namespace_id, '{kind}.deleted', '{kind}', {kind}_id, '{{"with_namespace": true}}'
    FROM {table} WHERE namespace_id = $1"""


@dataclass(frozen=True, kw_only=True)
class Removed:
    """What one step removed."""

    objects: int
    document_ids: tuple[str, ...]


async def start_bucket_removal(connection: Connection, bucket_id: str) -> str | None:
    """Hides a bucket and makes the task that empties it; its id, None when the bucket is being deleted already."""
    namespace_id = await connection.fetchval(HIDE_BUCKET, bucket_id)
    if namespace_id is None:
        return None
    inputs = {"bucket_id": bucket_id}
    return await create_task(
        connection,
        NewTask(kind=DELETE_BUCKET, task_type="api_buckets_delete", namespace_id=namespace_id, inputs=inputs),
    )


async def start_namespace_removal(connection: Connection, namespace_id: str) -> str | None:
    """Like start_bucket_removal; the task belongs to no namespace, since it outlives this one."""
    if await connection.fetchval(HIDE_NAMESPACE, namespace_id) is None:
        return None
    inputs = {"namespace_id": namespace_id}
    return await create_task(
        connection,
        NewTask(kind=DELETE_NAMESPACE, task_type="api_namespaces_delete", namespace_id=None, inputs=inputs),
    )


async def start_due_removals(pool: Pool) -> int:
    """Starts to delete the namespaces whose time is over, and again what was left half deleted; how many."""
    async with pool.acquire() as connection, connection.transaction():
        expired = await connection.fetch(EXPIRED)
        for row in expired:
            await start_namespace_removal(connection, row["namespace_id"])
        forgotten = await connection.fetch(FORGOTTEN)
        for row in forgotten:
            await create_task(connection, NewTask(**dict(row)))
    return len(expired) + len(forgotten)


async def remove_objects(connection: Connection, namespace_id: str, owner: str, key: str, limit: int) -> Removed:
    """Deletes up to `limit` objects with their documents and events; `owner` is the column that `key` is in."""
    rows = await connection.fetch(OBJECTS.format(owner=owner), key, limit)
    object_ids = [row["object_id"] for row in rows]
    documents = await connection.fetch(DOCUMENTS, object_ids)
    await connection.execute("DELETE FROM objects WHERE object_id = ANY($1)", object_ids)
    await record_deleted_objects(connection, rows)
    await record_deleted_documents(connection, documents)
    return Removed(objects=len(object_ids), document_ids=tuple(row["document_id"] for row in documents))


async def remove_documents(connection: Connection, _namespace_id: str, owner: str, key: str, limit: int) -> Removed:
    """Deletes up to `limit` documents that no object is left of."""
    rows = await connection.fetch(LEFT_OVER.format(owner=owner), key, limit)
    await record_deleted_documents(connection, rows)
    return Removed(objects=0, document_ids=tuple(row["document_id"] for row in rows))


async def remove_bucket(connection: Connection, namespace_id: str, bucket_id: str) -> None:
    """Deletes the emptied bucket, with what may have come into it meanwhile."""
    row = await connection.fetchrow("SELECT bucket_name FROM buckets WHERE bucket_id = $1 FOR UPDATE", bucket_id)
    if row is not None:
        await _remove_late(connection, namespace_id, "bucket_id", bucket_id)
        await connection.execute("DELETE FROM buckets WHERE bucket_id = $1", bucket_id)
        payload = {"bucket_name": row["bucket_name"].removesuffix(f"/{bucket_id}")}
        await record_event(connection, namespace_id, "bucket.deleted", bucket_id, payload)


async def remove_namespace(connection: Connection, namespace_id: str) -> None:
    """Deletes the emptied namespace with everything in it."""
    sql = "SELECT true FROM namespaces WHERE namespace_id = $1 FOR UPDATE"
    if await connection.fetchval(sql, namespace_id):
        await _remove_late(connection, namespace_id, "namespace_id", namespace_id)
        for table, kind in HELD.items():
            await connection.execute(TELL_HELD.format(table=table, kind=kind), namespace_id)
        await connection.execute("DELETE FROM namespaces WHERE namespace_id = $1", namespace_id)
        await forget_namespace(connection, namespace_id)
        await record_event(connection, namespace_id, "namespace.deleted", namespace_id)


async def _remove_late(connection: Connection, namespace_id: str, owner: str, key: str) -> None:
    """What came while the last of it went: whoever comes from now on waits for the end, and is refused."""
    while (await remove_objects(connection, namespace_id, owner, key, LATE)).objects:
        pass
    while (await remove_documents(connection, namespace_id, owner, key, LATE)).document_ids:
        pass
