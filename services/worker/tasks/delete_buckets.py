"""The tasks that empty what was deleted: a bucket, a namespace."""

from collections.abc import Awaitable, Callable

from services.common.database.buckets import removal
from services.common.database.buckets.removal import Removed
from services.common.database.pool import Connection
from services.worker.kit.index_client import IndexClient
from services.worker.kit.task import Done, Task

STEP = 500
Remove = Callable[[Connection, str, str, str, int], Awaitable[Removed]]


class Removal:
    """Removes objects and documents in steps, each committed and told to the index, then what held them."""

    def __init__(self, index_client: IndexClient) -> None:
        self._index_client = index_client

    async def bucket(self, task: Task) -> Done:
        """Empties and deletes a bucket."""
        namespace_id, bucket_id = str(task.namespace_id), task.inputs["bucket_id"]
        await self._empty(task, namespace_id, "bucket_id", bucket_id)
        async with task.pool.acquire() as connection, connection.transaction():
            await removal.remove_bucket(connection, namespace_id, bucket_id)
        return Done(outputs={"bucket_id": bucket_id})

    async def namespace(self, task: Task) -> Done:
        """Empties and deletes a namespace."""
        namespace_id = task.inputs["namespace_id"]
        await self._empty(task, namespace_id, "namespace_id", namespace_id)
        async with task.pool.acquire() as connection, connection.transaction():
            await removal.remove_namespace(connection, namespace_id)
        return Done(outputs={"namespace_id": namespace_id})

    async def _empty(self, task: Task, namespace_id: str, owner: str, key: str) -> None:
        objects = await self._repeat(task, removal.remove_objects, namespace_id, owner, key)
        documents = await self._repeat(task, removal.remove_documents, namespace_id, owner, key)
        await task.progress(objects_deleted=objects, other_documents_deleted=documents)

    async def _repeat(self, task: Task, remove: Remove, namespace_id: str, owner: str, key: str) -> int:
        total = 0
        while True:
            async with task.pool.acquire() as connection, connection.transaction():
                removed = await remove(connection, namespace_id, owner, key, STEP)
            if removed.document_ids:
                await self._index_client.refresh(removed.document_ids)
            count = removed.objects or len(removed.document_ids)
            if count == 0:
                return total
            total += count
