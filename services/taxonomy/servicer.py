"""The taxonomy's gRPC face: messages in, messages out."""

from typing import Any, TypeAlias

import grpc
import orjson

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from likeness.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceServicer
from services.common.database.pool import Pool
from services.common.errors import InvalidArgumentError
from services.common.vectors import from_message
from services.taxonomy.blueprint import Blueprint
from services.taxonomy.decide import Neighbour, Verdict
from services.taxonomy.engine import Engine
from services.taxonomy.enrich import Asked, enrich
from services.taxonomy.execute import Request, execute
from services.taxonomy.parse import parse_stages_json
from services.taxonomy.retriever import Page

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class TaxonomyServicer(TaxonomyServiceServicer):
    """Runs retrievers and decides labels; writes nothing."""

    def __init__(self, engine: Engine, pool: Pool) -> None:
        self._engine = engine
        self._pool = pool

    async def Enrich(self, request: pb.EnrichRequest, context: Context) -> pb.EnrichResponse:  # noqa: N802
        """The label of each subject."""
        asked = [_asked(subject, f"subjects.{number}") for number, subject in enumerate(request.subjects)]
        decisions = await enrich(self._engine, request.namespace_id, request.collection_id, asked)
        if decisions is None:
            return pb.EnrichResponse()
        pairs = zip(request.subjects, decisions.verdicts, strict=True)
        return pb.EnrichResponse(
            decisions=[_decision(subject.subject_id, verdict, decisions.blueprint) for subject, verdict in pairs]
        )

    async def CheckRetriever(  # noqa: N802
        self, request: pb.CheckRetrieverRequest, context: Context
    ) -> pb.CheckRetrieverResponse:
        """The slots that sound stages search; unsound ones raise InvalidArgumentError."""
        stages = parse_stages_json(request.stages_json)
        uris = dict.fromkeys(uri for stage in stages for uri in stage.feature_uris)
        return pb.CheckRetrieverResponse(features=[pb.FeatureDependency(feature_uri=uri) for uri in uris])

    async def ExecuteRetriever(  # noqa: N802
        self, request: pb.ExecuteRetrieverRequest, context: Context
    ) -> pb.ExecuteRetrieverResponse:
        """A page of what a stored or given retriever finds."""
        page = await execute(
            self._engine,
            self._pool,
            Request(
                namespace_id=request.namespace_id,
                retriever_id=request.retriever_id,
                stages_json=request.stages_json,
                collection_identifiers=tuple(request.collection_identifiers),
                inputs_json=request.inputs_json,
                filters_json=request.filters_json,
                limit=request.limit,
                offset=request.offset,
            ),
        )
        return _page(page)


def _asked(subject: pb.Subject, path: str) -> Asked:
    """The subject, its vectors checked."""
    if not subject.embeddings and not subject.document_id:
        raise InvalidArgumentError(f"{path} needs 'embeddings' or 'document_id'.", path=path)
    for number, embedding in enumerate(subject.embeddings):
        from_message(embedding.vector, f"{path}.embeddings.{number}.vector")
    return Asked(
        object_id=subject.object_id,
        document_id=subject.document_id,
        vectors={embedding.feature_uri: embedding.vector for embedding in subject.embeddings},
        path=path,
    )


def _decision(subject_id: str, verdict: Verdict, blueprint: Blueprint) -> pb.Decision:
    decision = pb.Decision(
        subject_id=subject_id,
        field=blueprint.field,
        matched=verdict.matched,
        confidence=verdict.confidence,
        threshold=verdict.threshold,
        evidence=[_evidence(neighbour) for neighbour in verdict.evidence],
        taxonomy_id=blueprint.taxonomy_id,
        taxonomy_version=blueprint.version,
        retriever_id=blueprint.retriever_id,
    )
    if verdict.best:
        decision.label_json = _json(verdict.best.label.value)
        decision.source_document_id = verdict.best.candidate.document_id
    return decision


def _evidence(neighbour: Neighbour) -> pb.Evidence:
    return pb.Evidence(
        document_id=neighbour.candidate.document_id,
        object_id=neighbour.candidate.object_id,
        collection_id=neighbour.candidate.collection_id,
        score=neighbour.candidate.similarity,
        label_json=_json(neighbour.label.value),
        label_source=neighbour.label.source,
    )


def _page(page: Page) -> pb.ExecuteRetrieverResponse:
    return pb.ExecuteRetrieverResponse(
        documents=[
            pb.RankedDocument(document_id=each.document_id, collection_id=each.collection_id, score=each.score)
            for each in page.documents
        ],
        stages=[
            pb.StageStatistics(
                stage_name=report.name,
                input_count=report.input_count,
                output_count=report.output_count,
                duration_ms=report.duration_ms,
            )
            for report in page.reports
        ],
        total=page.total,
    )


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
