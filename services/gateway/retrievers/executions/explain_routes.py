"""What a retriever would probably do and take, without running it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from services.common.database.find_resources import get_row
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.shapes import JsonObject
from services.gateway.retrievers.analytics.store import stage_medians
from services.gateway.retrievers.history.shapes import ExplainForm, Explanation, StagePlan
from services.gateway.retrievers.stages.shapes import default_size
from services.gateway.retrievers.store import collections_of

router = routes_of("Retrievers", "/retrievers")
DAYS = 30
SLOW_SHARE = 0.8
UNSEEN = "This stage has not run yet: its numbers are guesses."
REDUCES = ("feature_search", "limit", "sample", "rerank", "mmr")


@router.post("/{retriever}/execute/explain")
async def explain(retriever: str, tenant: InNamespace, form: ExplainForm | None = None) -> Explanation:
    """Estimates each stage by what it did before; nothing is run."""
    row = await get_row(tenant.gateway.pool, "retriever", tenant.namespace_id, retriever)
    since = datetime.now(UTC) - timedelta(days=DAYS)
    known = await stage_medians(tenant.gateway.pool, row["retriever_id"], since)
    plans = plan_stages(row["stages"], known, await _documents(tenant, row))
    slowest = max((plan.estimated_duration_ms for plan in plans), default=0.0)
    slow = [plan.stage_name for plan in plans if slowest and plan.estimated_duration_ms >= SLOW_SHARE * slowest]
    total = sum(plan.estimated_duration_ms for plan in plans)
    return Explanation(
        retriever_id=row["retriever_id"],
        retriever_name=row["retriever_name"],
        estimated_cost={"total_credits": 0.0, "total_duration_ms": round(total, 3)},
        execution_plan=plans,
        total_estimated_stages=len(plans),
        bottleneck_stages=slow,
        executions_observed=max((stage["executions"] for stage in known.values()), default=0),
    )


async def _documents(tenant: Tenant, retriever: asyncpg.Record) -> int:
    """How many documents the collections hold that exist by now."""
    pool = tenant.gateway.pool
    query = "SELECT count(*) FROM documents WHERE collection_id = ANY($1)"
    return int(await pool.fetchval(query, await collections_of(pool, retriever)))


def plan_stages(stages: Sequence[JsonObject], known: dict[str, asyncpg.Record], documents: int) -> list[StagePlan]:
    """The plan: what a stage did before, else what its parameters let through of what reaches it."""
    plans: list[StagePlan] = []
    given = documents
    for position, stage in enumerate(stages):
        seen: Any = known.get(stage["stage_name"])
        reach = seen["given"] if seen else given
        left = seen["kept"] if seen else _left(stage, given)
        plans.append(
            StagePlan(
                stage_index=position,
                stage_name=stage["stage_name"],
                stage_type=stage["stage_type"],
                estimated_input=reach,
                estimated_output=left,
                estimated_efficiency=left / reach if reach else 0.0,
                estimated_duration_ms=round(seen["duration_ms"], 3) if seen else 0.0,
                warnings=[] if seen else [UNSEEN],
            )
        )
        given = left
    return plans


def _left(stage: JsonObject, given: int) -> int:
    return min(given, default_size([stage])) if stage["config"]["stage_id"] in REDUCES else given
