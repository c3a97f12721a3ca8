"""Bringing the documents that a cluster run enriched up to date, after a group was renamed."""

from services.common.database.pool import Connection
from services.common.database.tasks.create_task import NewTask, create_task

CLUSTER_ENRICHMENT = "cluster_enrichment"
TASK_TYPE = "api_collections_documents_bulk_update"
ENRICHES = """
    SELECT namespace_id FROM clusters JOIN cluster_runs USING (cluster_id, namespace_id)
    WHERE run_id = $1 AND enrich_source_collection"""


async def start_enrichment(connection: Connection, run_id: str) -> str | None:
    """Makes the task, in the caller's transaction; None when the cluster of this run does not enrich documents."""
    namespace_id = await connection.fetchval(ENRICHES, run_id)
    if namespace_id is None:
        return None
    task = NewTask(kind=CLUSTER_ENRICHMENT, task_type=TASK_TYPE, namespace_id=namespace_id, inputs={"run_id": run_id})
    return await create_task(connection, task)
