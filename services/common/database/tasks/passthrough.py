"""The task that passes fields through to documents that were there before a collection's rules changed."""

from typing import Any

from services.common.database.pool import Connection
from services.common.database.tasks.create_task import NewTask, create_task

PASSING = "pass_fields_through"
TASK_TYPE = "api_collections_documents_bulk_update"
JsonObject = dict[str, Any]


async def start_passthrough(
    connection: Connection, namespace_id: str, collection_id: str, *, before: JsonObject, after: JsonObject
) -> str:
    """Makes the task, given the collection's feature extractor before and after; its id."""
    inputs = {"collection_id": collection_id, "before": before, "after": after}
    return await create_task(
        connection, NewTask(kind=PASSING, task_type=TASK_TYPE, namespace_id=namespace_id, inputs=inputs)
    )
