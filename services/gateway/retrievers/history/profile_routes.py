"""What an execution did, stage by stage, read back later: the plan that `explain` answers at once."""

from services.common.database.find_resources import get_row
from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.routing import routes_of
from services.gateway.retrievers.executions.store import get_execution
from services.gateway.retrievers.executions.views import explain_plan
from services.gateway.retrievers.history.shapes import ExecutionProfile

router = routes_of("Retrievers", "/retrievers")


@router.get("/{retriever}/executions/{execution_id}/profile")
async def read_execution_profile(retriever: str, execution_id: str, tenant: InNamespace) -> ExecutionProfile:
    """The stages of an execution that is remembered, with their times and counts."""
    pool = tenant.gateway.pool
    owner = await get_row(pool, "retriever", tenant.namespace_id, retriever)
    row = await get_execution(pool, tenant.namespace_id, execution_id, owner["retriever_id"])
    plan = explain_plan({stage["stage_name"]: stage for stage in row["stages"]}, {}, row["duration_ms"])
    copied = {name: row[name] for name in ("retriever_id", "execution_id", "status", "error", "total_stages")}
    return ExecutionProfile(**copied, **plan, total_returned=row["total_returned"])
