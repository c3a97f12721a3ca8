"""Running retrievers, and which stages there are."""

import asyncio
from typing import Annotated, Any

import asyncpg
import orjson
from fastapi import Query, Response

from services.common.database.find_resources import get_row
from services.common.errors import LikenessError
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import JsonAnswer, routes_of
from services.gateway.kit.shapes import JsonObject
from services.gateway.retrievers.executions.run import Run, execute
from services.gateway.retrievers.executions.shapes import (
    BatchQuery,
    ExecuteAdhoc,
    ExecuteBatch,
    ExecuteQuery,
    ExecuteRetriever,
    Execution,
    ExecutionBatch,
)
from services.gateway.retrievers.input_schema import read_input_schema, with_defaults
from services.gateway.retrievers.shapes import StageDefinition
from services.gateway.retrievers.stages.catalog import STAGES
from services.gateway.retrievers.stages.shapes import checked_stages

router = routes_of("Retrievers", "/retrievers")
AT_ONCE = 5
EVENTS = "text/event-stream"
STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {EVENTS: {"schema": {"type": "string"}}}, "description": "With stream=true, server-sent events"}
}
Asked = Annotated[ExecuteQuery, Query()]


@router.get("/stages")
async def list_stages() -> list[StageDefinition]:
    """The stages that this server runs; no key needed."""
    return list(STAGES)


@router.post("/execute", response_model=Execution, responses=STREAM)
async def execute_adhoc(form: ExecuteAdhoc, tenant: InNamespace, query: Asked) -> Response:
    """Runs stages that are not stored."""
    stages = await checked_stages(tenant.gateway, form.stages)
    run = Run(stages=stages, collection_identifiers=form.collection_identifiers or [])
    inputs = with_defaults(form.inputs, read_input_schema(form.input_schema))
    return await _answer(tenant, form.model_copy(update={"inputs": inputs}), query, run)


@router.post("/{retriever}/execute", response_model=Execution, responses=STREAM)
async def execute_retriever(
    retriever: str, tenant: InNamespace, query: Asked, form: ExecuteRetriever | None = None
) -> Response:
    """Runs a retriever; the body may be empty."""
    row = await get_row(tenant.gateway.pool, "retriever", tenant.namespace_id, retriever)
    return await _answer(tenant, _complete(form or ExecuteRetriever(), row), query, run_of(row))


@router.post("/{retriever}/execute/batch", response_model=ExecutionBatch)
async def execute_batch(retriever: str, form: ExecuteBatch, tenant: InNamespace, query: Asked) -> JsonAnswer:
    """Runs a retriever for up to 16 queries; one that fails says why, and does not hold up the others."""
    row = await get_row(tenant.gateway.pool, "retriever", tenant.namespace_id, retriever)
    turns = asyncio.Semaphore(form.concurrency or AT_ONCE)

    async def outcome(number: int, each: BatchQuery) -> JsonObject:
        async with turns:
            single = _complete(_single(form, each), row).merged(query)
            return {"query_index": number, **await _outcome(tenant, single, row)}

    outcomes = await asyncio.gather(*(outcome(number, each) for number, each in enumerate(form.queries)))
    failed = sum(outcome["status"] == "failed" for outcome in outcomes)
    total = len(outcomes)
    counts = {"total_queries": total, "succeeded": total - failed, "failed": failed}
    return JsonAnswer({"retriever_id": row["retriever_id"], "results": outcomes, **counts})


def run_of(row: asyncpg.Record) -> Run:
    """A stored retriever as something to be run."""
    return Run(
        retriever_id=row["retriever_id"],
        version=row["version"],
        stages=row["stages"],
        collection_identifiers=row["collection_identifiers"],
        bindings=row["bindings"],
    )


def _complete(form: ExecuteRetriever, row: asyncpg.Record) -> ExecuteRetriever:
    """The request with the defaults of the retriever's inputs."""
    return form.model_copy(update={"inputs": with_defaults(form.inputs, row["input_schema"] or {})})


def _single(form: ExecuteBatch, each: BatchQuery) -> ExecuteRetriever:
    return ExecuteRetriever(
        inputs=each.inputs,
        filters=each.filters,
        settings=form.settings,
        return_presigned_urls=form.return_presigned_urls,
        return_vectors=form.return_vectors,
    )


async def _outcome(tenant: Tenant, form: ExecuteRetriever, row: asyncpg.Record) -> JsonObject:
    try:
        execution = await execute(tenant, form, run_of(row))
    except LikenessError as error:
        return {"status": "failed", "documents": [], "error": error.message}
    return {"status": "completed", "execution": execution, "documents": execution["documents"]}


async def _answer(tenant: Tenant, form: ExecuteRetriever, query: ExecuteQuery, run: Run) -> Response:
    execution = await execute(tenant, form.merged(query), run)
    if query.include_legacy_results:
        execution["results"] = execution["documents"]
    return Response(_events(execution), media_type=EVENTS) if form.stream else JsonAnswer(execution)


def _events(execution: JsonObject) -> bytes:
    """The whole execution as server-sent events: one for each stage, then the answer."""
    stages = execution["stage_statistics"]["stages"]
    events = [
        {"event_type": "stage_complete", "stage_name": name, "stage_index": number, "statistics": stage}
        for number, (name, stage) in enumerate(stages.items())
    ]
    events.append({"event_type": "execution_complete", **execution})
    dumped = ((event["event_type"], orjson.dumps(event, option=orjson.OPT_UTC_Z)) for event in events)
    return b"".join(b"event: %s\ndata: %s\n\n" % (kind.encode(), data) for kind, data in dumped)
