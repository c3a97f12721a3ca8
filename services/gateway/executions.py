"""Running retrievers: the taxonomy service ranks, the gateway fetches the documents."""

import time

import asyncpg
import orjson

from likeness.taxonomy.v1 import taxonomy_pb2
from services.common.errors import InvalidArgumentError
from services.common.filters import canonical_json, parse
from services.common.grpc_client import call
from services.common.ids import new_id
from services.gateway.context import Tenant
from services.gateway.document_views import document_answers
from services.gateway.shapes.base import JsonObject
from services.gateway.shapes.executions import ExecuteRetriever
from services.gateway.stages import in_body
from services.gateway.store.documents import get_documents


async def execute(
    tenant: Tenant,
    form: ExecuteRetriever,
    *,
    retriever_id: str = "",
    stages: list[JsonObject] | None = None,
    collection_identifiers: list[str] | None = None,
) -> JsonObject:
    """Runs a stored retriever, or `stages` over the collections named; the contract's execution."""
    started = time.perf_counter()
    request = taxonomy_pb2.ExecuteRetrieverRequest(
        namespace_id=tenant.namespace_id,
        retriever_id=retriever_id,
        stages_json=orjson.dumps(stages).decode() if stages else "",
        collection_identifiers=collection_identifiers or [],
        inputs_json=orjson.dumps(form.inputs).decode(),
        filters_json=canonical_json(parse(form.filters, "body.filters")) if form.filters else "",
        limit=form.size(),
        offset=form.offset(),
    )
    try:
        ranked = await call(
            tenant.gateway.taxonomy.ExecuteRetriever, request, seconds=tenant.gateway.settings.rpc_timeout
        )
    except InvalidArgumentError as error:
        raise in_body(error) from error
    documents = await _documents(tenant, form, ranked)
    milliseconds = round(1000 * (time.perf_counter() - started), 2)
    return _answer(form, retriever_id, ranked, documents, milliseconds)


async def _documents(
    tenant: Tenant, form: ExecuteRetriever, ranked: taxonomy_pb2.ExecuteRetrieverResponse
) -> list[JsonObject]:
    found = await get_documents(
        tenant.gateway.pool, tenant.namespace_id, [item.document_id for item in ranked.documents]
    )
    present = [item for item in ranked.documents if item.document_id in found]
    rows: list[asyncpg.Record] = [found[item.document_id] for item in present]
    answers = await document_answers(tenant, rows, presigned=form.return_presigned_urls, vectors=form.return_vectors)
    return [answer | {"score": item.score} for answer, item in zip(answers, present, strict=True)]


def _answer(
    form: ExecuteRetriever,
    retriever_id: str,
    ranked: taxonomy_pb2.ExecuteRetrieverResponse,
    documents: list[JsonObject],
    milliseconds: float,
) -> JsonObject:
    return {
        "retriever_id": retriever_id,
        "execution_id": new_id("exec", 16),
        "status": "completed",
        "documents": documents,
        "pagination": {
            "method": "offset",
            "page_number": form.offset() // form.size() + 1,
            "page_size": form.size(),
            "returned": len(documents),
            "total": ranked.total,
            "has_next": form.offset() + len(ranked.documents) < ranked.total,
        },
        "stage_statistics": {
            "stages": {stage.stage_name: _statistics(stage) for stage in ranked.stages},
            "total_time_ms": milliseconds,
            "credits_used": 0.0,
        },
        "budget": {"credits_used": 0.0, "time_used_ms": milliseconds},
        "degraded": [],
        "warnings": list(ranked.warnings),
    }


def _statistics(stage: taxonomy_pb2.StageStatistics) -> JsonObject:
    return {
        "input_count": stage.input_count,
        "output_count": stage.output_count,
        "duration_ms": stage.duration_ms,
        "efficiency": stage.output_count / stage.input_count if stage.input_count else 0.0,
    }
