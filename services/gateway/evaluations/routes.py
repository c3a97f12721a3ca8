"""Evaluations: how well a retriever finds what it should."""

from typing import Annotated

from fastapi import Query

from services.common.database.find_resources import get_row
from services.gateway.evaluations.shapes import (
    Dataset,
    DatasetCreate,
    DatasetList,
    Evaluation,
    EvaluationConfig,
    EvaluationList,
    EvaluationStart,
    EvaluationStarted,
    to_dataset,
    to_evaluation,
)
from services.gateway.evaluations.store import (
    get_dataset,
    get_evaluation,
    insert_dataset,
    list_datasets,
    list_evaluations,
    start_evaluation,
)
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of

router = routes_of("Evaluations", "/retrievers")
PageNumber = Annotated[int, Query(ge=1, le=10_000)]
PageSize = Annotated[int, Query(ge=1, le=100)]


@router.post("/evaluations/datasets")
async def create_dataset(form: DatasetCreate, tenant: InNamespace) -> Dataset:
    """Stores queries with their right answers."""
    queries = [
        query.model_dump(exclude_unset=True) | {"relevant_documents": query.relevant_documents}
        for query in form.queries
    ]
    row = await insert_dataset(
        tenant.gateway.pool,
        tenant.namespace_id,
        form.dataset_name,
        queries,
        description=form.description,
        metadata=form.metadata or {},
    )
    return to_dataset(row)


@router.get("/evaluations/datasets")
async def list_all_datasets(tenant: InNamespace, page: PageNumber = 1, page_size: PageSize = 20) -> DatasetList:
    """Lists datasets, the newest first."""
    rows = await list_datasets(tenant.gateway.pool, tenant.namespace_id, page_size, page_size * (page - 1))
    total = rows[0]["total"] if rows else 0
    return DatasetList(datasets=[to_dataset(row) for row in rows], total=total, page=page, page_size=page_size)


@router.get("/evaluations/datasets/{dataset}")
async def read_dataset(dataset: str, tenant: InNamespace) -> Dataset:
    """One dataset, by id or name."""
    return to_dataset(await get_dataset(tenant.gateway.pool, tenant.namespace_id, dataset))


@router.post("/{retriever}/evaluations", status_code=202)
async def start(retriever: str, form: EvaluationStart, tenant: InNamespace) -> EvaluationStarted:
    """Starts an evaluation; its task runs the retriever for every query of the dataset."""
    retriever_id = await _id(retriever, tenant)
    dataset = await get_dataset(tenant.gateway.pool, tenant.namespace_id, form.dataset_name)
    config = (form.evaluation_config or EvaluationConfig()).complete()
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        task_id, row = await start_evaluation(connection, retriever_id, dataset, config)
    created_at = row["created_at"].isoformat()
    return EvaluationStarted(task_id=task_id, evaluation_id=row["evaluation_id"], created_at=created_at)


@router.get("/{retriever}/evaluations")
async def list_of_retriever(
    retriever: str,
    tenant: InNamespace,
    *,
    status: str | None = None,
    dataset_name: str | None = None,
    page: PageNumber = 1,
    page_size: PageSize = 20,
) -> EvaluationList:
    """Lists the evaluations of a retriever, the newest first."""
    pool, retriever_id = tenant.gateway.pool, await _id(retriever, tenant)
    window = {"limit": page_size, "offset": page_size * (page - 1)}
    rows = await list_evaluations(pool, retriever_id, status=status, dataset_name=dataset_name, **window)
    total = rows[0]["total"] if rows else 0
    found = [to_evaluation(row) for row in rows]
    return EvaluationList(evaluations=found, total=total, page=page, page_size=page_size)


@router.get("/{retriever}/evaluations/{evaluation_id}")
async def read_evaluation(retriever: str, evaluation_id: str, tenant: InNamespace) -> Evaluation:
    """One evaluation: its metrics, and what became of each query."""
    return to_evaluation(await get_evaluation(tenant.gateway.pool, await _id(retriever, tenant), evaluation_id))


async def _id(retriever: str, tenant: Tenant) -> str:
    row = await get_row(tenant.gateway.pool, "retriever", tenant.namespace_id, retriever)
    return str(row["retriever_id"])
