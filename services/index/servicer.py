"""The rpcs of the index: protobuf in, protobuf out."""

from collections.abc import Sequence
from typing import Any

import grpc

from likeness.index.v1 import index_pb2
from likeness.index.v1.index_service_pb2_grpc import IndexServiceServicer
from services.common.database.query_errors import database_faults
from services.common.errors import InvalidArgumentError, UnavailableError
from services.common.extractors.vectors import from_message
from services.index.change_follower import ChangeFollower
from services.index.domain import CollectionId, DocumentId, FeatureUri, Hit, NamespaceId, ObjectId, ShardKey
from services.index.fingerprint import fingerprint
from services.index.search import Among, InView, Question, Scope, Search, search
from services.index.shards.engine import Engine
from services.index.snapshots.save_and_restore import Snapshots

Context = grpc.aio.ServicerContext[Any, Any]


class IndexServicer(IndexServiceServicer):
    """Answers once `serving` is set; until then every call is UNAVAILABLE."""

    def __init__(self, engine: Engine, follower: ChangeFollower, snapshots: Snapshots) -> None:
        self._engine = engine
        self._follower = follower
        self._snapshots = snapshots
        self.serving = False

    async def Search(self, request: index_pb2.SearchRequest, context: Context) -> index_pb2.SearchResponse:  # noqa: N802
        """The nearest documents of each query."""
        self._require_serving()
        with database_faults():
            results = await search(self._engine, _to_search(request))
        return index_pb2.SearchResponse(results=[_to_result(hits) for hits in results])

    async def Refresh(self, request: index_pb2.RefreshRequest, context: Context) -> index_pb2.RefreshResponse:  # noqa: N802
        """Reads committed documents anew."""
        self._require_serving()
        document_ids = list(map(DocumentId, request.document_ids))
        with database_faults():
            await self._engine.refresh(document_ids)
        shards = list(self._engine.shards.values())
        present = sum(any(each in shard.entries for shard in shards) for each in document_ids)
        return index_pb2.RefreshResponse(present=present, absent=len(document_ids) - present)

    async def Fingerprint(  # noqa: N802
        self, request: index_pb2.FingerprintRequest, context: Context
    ) -> index_pb2.FingerprintResponse:
        """Digests of shards and views, after catching up with the change log."""
        self._require_serving()
        with database_faults():
            await self._follower.poll()
            shards = await fingerprint(self._engine, _to_key(request))
        return index_pb2.FingerprintResponse(shards=shards)

    async def Snapshot(self, request: index_pb2.SnapshotRequest, context: Context) -> index_pb2.SnapshotResponse:  # noqa: N802
        """Writes every shard to disk."""
        self._require_serving()
        return index_pb2.SnapshotResponse(shards=await self._snapshots.write_all())

    async def Rebuild(self, request: index_pb2.RebuildRequest, context: Context) -> index_pb2.RebuildResponse:  # noqa: N802
        """Reads one shard, or all, anew."""
        self._require_serving()
        key = _to_key(request)
        with database_faults():
            loaded = [await self._engine.load(each) for each in ([key] if key else sorted(self._engine.shards))]
        shards = [shard for shard in loaded if shard is not None]
        return index_pb2.RebuildResponse(shards=len(shards), vectors=sum(len(shard.space) for shard in shards))

    def _require_serving(self) -> None:
        if not self.serving:
            raise UnavailableError("The index is catching up with the database; try again in a moment.")


def _to_key(request: index_pb2.FingerprintRequest | index_pb2.RebuildRequest) -> ShardKey | None:
    if not request.HasField("shard"):
        return None
    shard = request.shard
    return ShardKey(NamespaceId(shard.namespace_id), CollectionId(shard.collection_id), FeatureUri(shard.feature_uri))


def _to_search(request: index_pb2.SearchRequest) -> Search:
    if request.top_k == 0:
        raise InvalidArgumentError("top_k must be at least 1.", path="top_k")
    return Search(
        namespace_id=NamespaceId(request.namespace_id),
        collection_ids=tuple(map(CollectionId, request.collection_ids)),
        feature_uri=FeatureUri(request.feature_uri),
        questions=tuple(_to_question(query, f"queries.{at}") for at, query in enumerate(request.queries)),
        top_k=request.top_k,
        scope=_to_scope(request),
    )


def _to_question(query: index_pb2.Query, path: str) -> Question:
    excluded = ObjectId(query.exclude_object_id)
    match query.WhichOneof("by"):
        case "vector":
            return Question(from_message(query.vector, f"{path}.vector"), excluded, f"{path}.vector")
        case "document_id":
            return Question(DocumentId(query.document_id), excluded, f"{path}.document_id")
        case _:
            raise InvalidArgumentError(f"{path} needs a vector or a document_id.", path=path)


def _to_scope(request: index_pb2.SearchRequest) -> Scope:
    match request.WhichOneof("scope"):
        case "view_filter_json":
            return InView(request.view_filter_json)
        case "candidates":
            return Among(tuple(map(DocumentId, request.candidates.document_ids)))
        case _:
            return None


def _to_result(hits: Sequence[Hit]) -> index_pb2.QueryResult:
    return index_pb2.QueryResult(
        hits=[
            index_pb2.Hit(
                document_id=hit.document_id,
                collection_id=hit.collection_id,
                object_id=hit.object_id,
                score=hit.score,
            )
            for hit in hits
        ]
    )
