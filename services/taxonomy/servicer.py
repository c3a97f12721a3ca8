"""The taxonomy's gRPC face: messages in, messages out."""

from typing import Any, TypeAlias

import grpc
import orjson

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from likeness.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceServicer
from services.common.database.pool import Pool
from services.taxonomy.domain import Candidate
from services.taxonomy.labels.enrich import enrich
from services.taxonomy.labels.enrich_messages import to_asked, to_messages, to_order
from services.taxonomy.labels.query_time_labels import Classifier
from services.taxonomy.retrievers.engine import Engine
from services.taxonomy.retrievers.execute_request import Request, execute
from services.taxonomy.retrievers.stage_runner import Page, StageReport, Window
from services.taxonomy.stages.parse import parse_stages_json

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class TaxonomyServicer(TaxonomyServiceServicer):
    """Runs retrievers and decides labels; writes nothing."""

    def __init__(self, engine: Engine, pool: Pool) -> None:
        self._engine = engine
        self._pool = pool

    async def Enrich(self, request: pb.EnrichRequest, context: Context) -> pb.EnrichResponse:  # noqa: N802
        """The labels of each subject."""
        asked = [to_asked(subject, f"subjects.{number}") for number, subject in enumerate(request.subjects)]
        decisions = await enrich(self._engine, to_order(request), asked)
        return pb.EnrichResponse(decisions=[message for each in decisions for message in to_messages(request, each)])

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
                window=Window(limit=request.limit, offset=request.offset, after=request.after_document_id),
            ),
            Classifier(engine=self._engine),
        )
        return _page(page)


def _page(page: Page) -> pb.ExecuteRetrieverResponse:
    warnings = (warning for report in page.reports for warning in report.notes.get("warnings", []))
    return pb.ExecuteRetrieverResponse(
        documents=[_document(candidate) for candidate in page.documents],
        stages=[_statistics(report) for report in page.reports],
        total=page.total,
        warnings=dict.fromkeys(warnings),
    )


def _document(candidate: Candidate) -> pb.RankedDocument:
    row = candidate.row
    return pb.RankedDocument(
        document_id=candidate.document_id,
        collection_id=candidate.collection_id,
        score=candidate.score,
        fields_json=_json(row.added) if row and row.added else "",
        replaced=row is not None and row.alone,
    )


def _statistics(report: StageReport) -> pb.StageStatistics:
    return pb.StageStatistics(
        stage_name=report.name,
        input_count=report.input_count,
        output_count=report.output_count,
        duration_ms=report.duration_ms,
        metadata_json=_json(report.notes) if report.notes else "",
    )


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
