"""What retrievers were asked: the executions that are remembered, with a retriever or without one."""

from collections.abc import Sequence
from typing import Annotated

import asyncpg
import orjson
from fastapi import Query

from services.common.database.find_resources import get_row
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.lists.list_route import Listed, listed
from services.gateway.kit.lists.shapes import ListQuery
from services.gateway.retrievers.executions.store import LIST_EXECUTIONS, SEARCH_EXECUTIONS, get_execution
from services.gateway.retrievers.history.shapes import (
    AdhocDetail,
    AdhocList,
    AdhocSummary,
    CountedPages,
    ExecutionDetail,
    ExecutionList,
    ExecutionStatus,
    ListExecutions,
    to_adhoc,
    to_detail,
    to_summary,
)

router = routes_of("Retrievers", "/retrievers")
WHERE = """x.namespace_id = $1 AND x.retriever_id IS NOT DISTINCT FROM $2 AND ($3::text IS NULL OR x.status = $3)
    AND ($4::timestamptz IS NULL OR x.created_at >= $4) AND ($5::timestamptz IS NULL OR x.created_at < $5)"""
ONE = "/{retriever}/executions/{execution_id}"


@router.post("/executions/list")
async def list_adhoc(
    tenant: InNamespace, query: Annotated[ListQuery, Query()], body: ListExecutions | None = None
) -> AdhocList:
    """Lists executions of stages that were not stored, the newest first."""
    found = await _listed(tenant, None, query, body)
    rows = [AdhocSummary(**to_adhoc(row)) for row in found.page.rows]
    return AdhocList(results=rows, total=found.page.total or 0, pagination=_pages(found, rows))


@router.get("/executions/{execution_id}")
async def read_adhoc(execution_id: str, tenant: InNamespace) -> AdhocDetail:
    """One execution of stages that were not stored."""
    row = await get_execution(tenant.gateway.pool, tenant.namespace_id, execution_id, None)
    return AdhocDetail(**to_adhoc(row), inputs=orjson.dumps(row["inputs"]).decode(), inputs_hash=row["inputs_hash"])


@router.get("/{retriever}/executions")
async def list_executions(retriever: str, tenant: InNamespace, query: Annotated[ListQuery, Query()]) -> ExecutionList:
    """Lists executions of a retriever, the newest first."""
    return await _of_retriever(retriever, tenant, query, None)


@router.post("/{retriever}/executions/list")
async def list_executions_by_body(
    retriever: str, tenant: InNamespace, query: Annotated[ListQuery, Query()], body: ListExecutions | None = None
) -> ExecutionList:
    """Lists executions of a retriever, as the optional body says."""
    return await _of_retriever(retriever, tenant, query, body)


@router.get(ONE)
async def read_execution(retriever: str, execution_id: str, tenant: InNamespace) -> ExecutionDetail:
    """One execution of a retriever, stage by stage."""
    return to_detail(await _row(retriever, execution_id, tenant))


@router.get(f"{ONE}/status")
async def read_execution_status(retriever: str, execution_id: str, tenant: InNamespace) -> ExecutionStatus:
    """Whether an execution went well."""
    found = to_detail(await _row(retriever, execution_id, tenant))
    names = ("execution_id", "status", "stages_completed", "total_stages", "error")
    return ExecutionStatus(**{name: getattr(found, name) for name in names})


async def _row(retriever: str, execution_id: str, tenant: Tenant) -> asyncpg.Record:
    pool = tenant.gateway.pool
    owner = await get_row(pool, "retriever", tenant.namespace_id, retriever)
    return await get_execution(pool, tenant.namespace_id, execution_id, owner["retriever_id"])


async def _of_retriever(retriever: str, tenant: Tenant, query: ListQuery, body: ListExecutions | None) -> ExecutionList:
    row = await get_row(tenant.gateway.pool, "retriever", tenant.namespace_id, retriever)
    found = await _listed(tenant, row["retriever_id"], query, body)
    rows = found.shaped(to_summary)
    return ExecutionList(results=rows, pagination=_pages(found, rows))


async def _listed(tenant: Tenant, retriever_id: str | None, query: ListQuery, body: ListExecutions | None) -> Listed:
    asked = body or ListExecutions()
    asked = asked.model_copy(update={"include_total": True})
    return await listed(
        tenant.gateway.queries,
        LIST_EXECUTIONS,
        query,
        asked,
        where=WHERE,
        values=(tenant.namespace_id, retriever_id, asked.status, asked.start_time, asked.end_time),
        search_sql=SEARCH_EXECUTIONS,
    )


def _pages(found: Listed, rows: Sequence[object]) -> CountedPages:
    return CountedPages(
        total=found.page.total or 0,
        limit=found.window.limit,
        offset=found.window.offset,
        has_next=found.page.next_cursor is not None and len(rows) > 0,
        next_cursor=found.page.next_cursor,
    )
