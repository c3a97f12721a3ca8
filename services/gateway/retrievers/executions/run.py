"""Running retrievers: the taxonomy service ranks, the gateway fetches the documents and remembers the run."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from likeness.taxonomy.v1 import taxonomy_pb2
from services.common.errors import InvalidArgumentError, LikenessError
from services.common.filters import canonical_json, parse
from services.common.grpc.client import call
from services.common.ids import Bindings, new_id
from services.gateway.documents.store import get_documents
from services.gateway.documents.views.load import View, shown
from services.gateway.kit.context import Tenant
from services.gateway.kit.shapes import JsonObject
from services.gateway.kit.stage_check import in_body
from services.gateway.kit.unknown_field_warnings import sentences
from services.gateway.retrievers.executions.pages import PageWanted, pages_of
from services.gateway.retrievers.executions.shapes import ExecuteRetriever
from services.gateway.retrievers.executions.store import Ended, remember
from services.gateway.retrievers.executions.unknown_field_warnings import unknown_in_stages
from services.gateway.retrievers.executions.views import (
    FREE,
    explain_plan,
    fields_of,
    found_documents,
    noted,
    stage_statistics,
)
from services.gateway.retrievers.executions.write_results import write_results

CONFLICT = "'pagination' and 'limit' name different sizes; 'pagination' was used"


@dataclass(frozen=True, kw_only=True)
class Run:
    """What is to be run: a stored retriever, or stages over the collections named; `version` is the retriever's."""

    stages: list[JsonObject]
    collection_identifiers: Sequence[str]
    retriever_id: str = ""
    version: int = 0
    bindings: Bindings = field(default_factory=dict)
    execution_id: str = field(default_factory=lambda: new_id("exec", 16))


async def execute(tenant: Tenant, form: ExecuteRetriever, run: Run) -> JsonObject:
    """The contract's execution, which is remembered, also when it fails."""
    started = time.perf_counter()
    page = form.page(run.stages)
    try:
        ranked = await _ranked(tenant, form, run, page)
    except LikenessError as error:
        await remember(tenant.gateway.pool, _ended(tenant, form, run, started, error=error.message))
        raise
    more = len(ranked.documents) > page.size
    del ranked.documents[page.size :]
    documents = await _documents(tenant, form, ranked)
    statistics = stage_statistics(ranked.stages)
    ended = _ended(tenant, form, run, started, statistics=statistics, returned=len(documents))
    await remember(tenant.gateway.pool, ended)
    answer = {
        "retriever_id": run.retriever_id,
        "execution_id": run.execution_id,
        "status": "completed",
        "documents": documents,
        "pagination": _pages(page, ranked, has_next=more),
        "stage_statistics": {"stages": statistics, "total_time_ms": ended.duration_ms, **FREE},
        "budget": {**FREE, "time_used_ms": ended.duration_ms},
        "degraded": [],
        "warnings": [*ranked.warnings, *_conflicts(form), *await _unknown(tenant, form, run, page, documents)],
        **noted(statistics, "facets"),
        **noted(statistics, "aggregations"),
    }
    if form.explain:
        answer["explain_plan"] = explain_plan(statistics, _kinds(run), ended.duration_ms)
    if form.target_collection_id:
        answer["written_to"] = await _written(tenant, form.target_collection_id, run, ranked)
    return answer


async def _unknown(
    tenant: Tenant, form: ExecuteRetriever, run: Run, page: PageWanted, documents: Sequence[JsonObject]
) -> list[str]:
    """What to say of filters on fields that nothing has; a later page need not repeat it."""
    if page.offset or page.after:
        return []
    identifiers, is_empty = run.collection_identifiers, not documents
    return sentences(
        await unknown_in_stages(tenant, run.stages, identifiers, run.bindings, form.filters, is_empty=is_empty)
    )


async def _written(
    tenant: Tenant, collection: str, run: Run, ranked: taxonomy_pb2.ExecuteRetrieverResponse
) -> JsonObject:
    lineage = {"execution_id": run.execution_id, "retriever_id": run.retriever_id, "retriever_version": run.version}
    added = {item.document_id: fields_of(item) for item in ranked.documents}
    return await write_results(tenant, collection, lineage, added, [item.document_id for item in ranked.documents])


async def _ranked(
    tenant: Tenant, form: ExecuteRetriever, run: Run, page: PageWanted
) -> taxonomy_pb2.ExecuteRetrieverResponse:
    """One document more than the page holds, so that it is known whether there is a next page."""
    request = taxonomy_pb2.ExecuteRetrieverRequest(
        namespace_id=tenant.namespace_id,
        retriever_id=run.retriever_id,
        stages_json="" if run.retriever_id else orjson.dumps(run.stages).decode(),
        collection_identifiers=run.collection_identifiers,
        inputs_json=orjson.dumps(form.inputs or {}).decode(),
        filters_json=canonical_json(parse(form.filters, "body.filters")) if form.filters is not None else "",
        limit=page.size + 1,
        offset=page.offset,
        after_document_id=page.after,
    )
    gateway = tenant.gateway
    try:
        return await call(gateway.taxonomy.ExecuteRetriever, request, seconds=gateway.settings.rpc_timeout)
    except InvalidArgumentError as error:
        raise in_body(error) from error


async def _documents(
    tenant: Tenant, form: ExecuteRetriever, ranked: taxonomy_pb2.ExecuteRetrieverResponse
) -> list[JsonObject]:
    ids = [item.document_id for item in ranked.documents if not item.replaced]
    rows = await get_documents(tenant.gateway.pool, tenant.namespace_id, ids) if ids else {}
    view = View(presigned=bool(form.return_presigned_urls), vectors=bool(form.return_vectors), expand=form.expand or ())
    answers = await shown(tenant, list(rows.values()), view)
    return found_documents(ranked.documents, {answer["document_id"]: answer for answer in answers})


def _pages(page: PageWanted, ranked: taxonomy_pb2.ExecuteRetrieverResponse, *, has_next: bool) -> JsonObject:
    ids = [item.document_id for item in ranked.documents]
    return pages_of(page, ids, [item.score for item in ranked.documents], ranked.total, has_next=has_next)


def _conflicts(form: ExecuteRetriever) -> list[str]:
    paged = (form.pagination.page_size or form.pagination.limit) if form.pagination else None
    asked = form.limit or form.page_size
    return [CONFLICT] if paged and asked and paged != asked else []


def _kinds(run: Run) -> dict[str, str]:
    return {stage["stage_name"]: stage["stage_type"] for stage in run.stages}


def _ended(
    tenant: Tenant,
    form: ExecuteRetriever,
    run: Run,
    started: float,
    *,
    error: str | None = None,
    statistics: dict[str, JsonObject] | None = None,
    returned: int = 0,
) -> Ended:
    kinds = _kinds(run)
    stages = [
        {"stage_name": name, "stage_type": kinds.get(name, "filter"), **stage}
        for name, stage in (statistics or {}).items()
    ]
    return Ended(
        execution_id=run.execution_id,
        namespace_id=tenant.namespace_id,
        retriever_id=run.retriever_id or None,
        error=error,
        collection_ids=list(run.collection_identifiers),
        inputs=form.inputs or {},
        stages=stages,
        total_stages=len(run.stages),
        total_returned=returned,
        duration_ms=round(1000 * (time.perf_counter() - started), 2),
    )
