"""Questions to the index service."""

from collections.abc import Sequence
from dataclasses import dataclass

import grpc

from likeness.common.v1.vector_pb2 import Vector
from likeness.index.v1.index_pb2 import DocumentIds, Hit, Query, SearchRequest, SearchResponse
from likeness.index.v1.index_service_pb2_grpc import IndexServiceStub
from services.common.grpc.client import call
from services.taxonomy.domain import Candidate, Target

# Finer than float16 vectors can tell apart; hides the tail that float32 adds to a score such as 0.3.
SCORE_DIGITS = 6


@dataclass(frozen=True, slots=True)
class View:
    """Who passes this filter (canonical JSON)."""

    filter_json: str


@dataclass(frozen=True, slots=True)
class Ids:
    """These documents."""

    document_ids: tuple[str, ...]


Scope = View | Ids | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Who is nearest to this vector? Nobody, when there is no vector."""

    vector: Vector | None
    exclude_object_id: str


class IndexClient:
    """The index service at the other end of a channel."""

    def __init__(self, channel: grpc.aio.Channel, seconds: float) -> None:
        self._stub = IndexServiceStub(channel)
        self._seconds = seconds

    async def search(
        self, namespace_id: str, targets: Sequence[Target], questions: Sequence[Question], top_k: int, scope: Scope
    ) -> list[list[Candidate]]:
        """The nearest documents of each question, best first, in one call; UnavailableError when the index is down."""
        asked = [question for question in questions if question.vector is not None]
        if not asked or (isinstance(scope, Ids) and not scope.document_ids):
            return [[] for _ in questions]
        request = SearchRequest(
            namespace_id=namespace_id,
            collection_ids=[target.collection_id for target in targets],
            feature_uri=targets[0].feature_uri,
            queries=[Query(vector=each.vector, exclude_object_id=each.exclude_object_id) for each in asked],
            top_k=top_k,
        )
        if isinstance(scope, View):
            request.view_filter_json = scope.filter_json
        elif isinstance(scope, Ids):
            request.candidates.CopyFrom(DocumentIds(document_ids=scope.document_ids))
        response: SearchResponse = await call(self._stub.Search, request, seconds=self._seconds)
        results = iter(response.results)
        return [[] if each.vector is None else [_candidate(hit) for hit in next(results).hits] for each in questions]


def _candidate(hit: Hit) -> Candidate:
    score = round(hit.score, SCORE_DIGITS)
    return Candidate(
        document_id=hit.document_id,
        collection_id=hit.collection_id,
        object_id=hit.object_id,
        score=score,
        similarity=score,
    )
