"""Running retrievers, and which stages there are."""

from services.common.database.resources import get_row
from services.gateway.answers import JsonAnswer
from services.gateway.context import InNamespace
from services.gateway.executions import execute
from services.gateway.routing import routes_of
from services.gateway.shapes.executions import ExecuteAdhoc, ExecuteRetriever, Execution
from services.gateway.shapes.retrievers import StageDefinition
from services.gateway.shapes.stage_catalog import STAGES
from services.gateway.stages import checked_stages

router = routes_of("Retrievers", "/retrievers")


@router.get("/stages")
async def list_stages() -> list[StageDefinition]:
    """The stages that this server runs; no key needed."""
    return list(STAGES)


@router.post("/execute", response_model=Execution)
async def execute_adhoc(form: ExecuteAdhoc, tenant: InNamespace) -> JsonAnswer:
    """Runs stages that are not stored."""
    stages = await checked_stages(tenant.gateway, form.stages)
    identifiers = form.collection_identifiers
    return JsonAnswer(await execute(tenant, form, stages=stages, collection_identifiers=identifiers))


@router.post("/{retriever}/execute", response_model=Execution)
async def execute_retriever(retriever: str, tenant: InNamespace, form: ExecuteRetriever | None = None) -> JsonAnswer:
    """Runs a retriever; the body may be empty."""
    row = await get_row(tenant.gateway.pool, "retriever", tenant.namespace_id, retriever)
    return JsonAnswer(await execute(tenant, form or ExecuteRetriever(), retriever_id=row["retriever_id"]))
