"""One search without a retriever, and suggestions while somebody types."""

from typing import Annotated

from fastapi import Query

from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.routing import JsonAnswer, routes_of
from services.gateway.kit.stage_check import check_stages
from services.gateway.retrievers.executions.pages import ExecutePages
from services.gateway.retrievers.executions.run import Run, execute
from services.gateway.retrievers.executions.shapes import ExecuteRetriever, Execution
from services.gateway.retrievers.search.shapes import CollectionSuggestion, FeatureSearch, Typeahead, ValueSuggestion
from services.gateway.retrievers.search.suggestions import collections_like, searches_like, values_like

router = routes_of("Features")


@router.post("/features/search", response_model=Execution)
async def feature_search(form: FeatureSearch, tenant: InNamespace) -> JsonAnswer:
    """Searches a feature once; the answer is that of an execution, `results` repeats its documents."""
    stages = form.stages()
    await check_stages(tenant.gateway, stages)
    request = ExecuteRetriever(
        inputs={"query": form.query.given()},
        filters=form.filters,
        pagination=ExecutePages(method="scroll", limit=form.top_k),
    )
    run = Run(stages=stages, collection_identifiers=form.collection_identifiers or [])
    execution = await execute(tenant, request, run)
    return JsonAnswer({**execution, "results": execution["documents"]})


@router.get("/retrievers/typeahead")
async def typeahead(
    tenant: InNamespace,
    q: Annotated[str, Query(max_length=200, description="What was typed so far")],
    fields: Annotated[list[str] | None, Query(description="Fields to look in, also separated by commas")] = None,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> Typeahead:
    """Values, collections and earlier searches that begin with, or hold, what was typed."""
    pool, namespace_id = tenant.gateway.pool, tenant.namespace_id
    literal = q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    named = [name.strip() for part in fields or [] for name in part.split(",") if name.strip()] or None
    values = await values_like(tenant.gateway.queries, namespace_id, f"%{literal}%", named, limit)
    collections = await collections_like(pool, namespace_id, f"%{literal}%", limit)
    return Typeahead(
        query=q,
        suggestions=list(dict.fromkeys(row["value"] for row in values)),
        values=[ValueSuggestion(**row) for row in values],
        collections=[CollectionSuggestion(**row) for row in collections],
        recent_searches=await searches_like(pool, namespace_id, f"%{literal}%", limit),
    )
