"""What a trigger's action comes to: the task that does it, made in the caller's transaction.

Whatever the action names may be gone by then: LikenessError says what.
"""

from typing import Any

from services.common.database.batches.rerun import require_batch, rerun_batch
from services.common.database.batches.trigger_collection import Wanted, trigger
from services.common.database.clusters.cluster_runs import start_run
from services.common.database.find_resources import get_collection, get_row
from services.common.database.pool import Connection
from services.common.database.tasks.alert_evaluation import evaluation_of
from services.common.database.tasks.create_task import NewTask, create_task
from services.common.database.taxonomies.applied_taxonomies import application_of, require_applied
from services.common.triggers.actions import (
    Action,
    AlertAction,
    BatchAction,
    ClusterAction,
    CollectionAction,
    RetrieverAction,
    TaxonomyAction,
)

RUN_RETRIEVER = "run_retriever"
"""The kind of task that runs a stored retriever once and judges what came out."""
PATH = "action_config"
# One transaction that labels or clusters in small steps needs no larger ones.
MOST_PER_STEP = 5000


async def start_action(connection: Connection, namespace_id: str, action: Action) -> str:
    """Makes the task that does it; returns its id."""
    match action:
        case ClusterAction():
            return await _cluster(connection, namespace_id, action)
        case TaxonomyAction():
            return await create_task(connection, await _taxonomy(connection, namespace_id, action))
        case BatchAction():
            await require_batch(connection, namespace_id, action.batch_id)
            return await rerun_batch(connection, action.batch_id, action.filters, failed_only=action.retry_failed_only)
        case CollectionAction():
            return await _collection(connection, namespace_id, action)
        case RetrieverAction():
            return await create_task(connection, await _retriever(connection, namespace_id, action))
        case AlertAction():
            alert = await get_row(connection, "alert", namespace_id, action.alert_id)
            return await create_task(connection, evaluation_of(namespace_id, alert["alert_id"]))


async def _cluster(connection: Connection, namespace_id: str, action: ClusterAction) -> str:
    cluster = await get_row(connection, "cluster", namespace_id, action.cluster_id)
    options: dict[str, Any] = {"assignment_threshold": action.assignment_threshold}
    if action.filters:
        options["filters"] = action.filters
    started = await start_run(connection, cluster["cluster_id"], mode=action.mode, options=options)
    return started.task_id


async def _taxonomy(connection: Connection, namespace_id: str, action: TaxonomyAction) -> NewTask:
    collection = await get_collection(connection, namespace_id, action.collection_id)
    taxonomy = await get_row(connection, "taxonomy", namespace_id, action.taxonomy_id)
    path = f"{PATH}.taxonomy_id"
    fields = await require_applied(connection, collection.collection_id, taxonomy["taxonomy_id"], path)
    unlabelled = [{"field": f"_internal.labels.{field}", "operator": "exists", "value": False} for field in fields]
    parts = [*([action.filters] if action.filters else []), *([{"OR": unlabelled}] if action.incremental else [])]
    wanted = {"AND": parts} if len(parts) > 1 else parts[0] if parts else None
    step = min(action.batch_size, MOST_PER_STEP)
    return application_of(namespace_id, collection.collection_id, [taxonomy["taxonomy_id"]], wanted, step)


async def _collection(connection: Connection, namespace_id: str, action: CollectionAction) -> str:
    collection = await get_collection(connection, namespace_id, action.collection_id)
    wanted = Wanted(path=PATH, **action.model_dump(exclude={"collection_id"}))
    return (await trigger(connection, collection, wanted)).task_id


async def _retriever(connection: Connection, namespace_id: str, action: RetrieverAction) -> NewTask:
    retriever = await get_row(connection, "retriever", namespace_id, action.retriever_id)
    inputs = {**action.model_dump(), "retriever_id": retriever["retriever_id"]}
    return NewTask(kind=RUN_RETRIEVER, task_type="api_retrievers_execute", namespace_id=namespace_id, inputs=inputs)
