"""Short forms of the index's rpcs for tests."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from likeness.index.v1 import index_pb2
from services.common.database.pool import Executor
from services.common.extractors.vectors import to_message
from services.common.grpc.client import call
from tests.support.database_fingerprint import database_fingerprint
from tests.support.tutorial.option_a import SLOT

if TYPE_CHECKING:
    from likeness.index.v1.index_service_pb2_grpc import IndexServiceAsyncStub

SECONDS = 30.0
LABELLED = '{"field":"label","operator":"is_null","value":false}'


def query(vector: NDArray[np.floating], exclude_object_id: str = "") -> index_pb2.Query:
    """A query by vector, scaled to unit length."""
    wide = vector.astype(np.float32)
    return index_pb2.Query(vector=to_message(wide / np.linalg.norm(wide)), exclude_object_id=exclude_object_id)


async def search(stub: "IndexServiceAsyncStub", queries: Sequence[index_pb2.Query], **fields: Any) -> list[list[str]]:
    """The document ids of each query, best first, in `col_a` of `ns_a` unless told otherwise."""
    response = await call(stub.Search, search_request(queries, **fields), seconds=SECONDS)
    return [[hit.document_id for hit in result.hits] for result in response.results]


def search_request(queries: Sequence[index_pb2.Query], **fields: Any) -> index_pb2.SearchRequest:
    """A request with the tests' defaults."""
    usual = {"namespace_id": "ns_a", "collection_ids": ["col_a"], "feature_uri": SLOT, "top_k": 5}
    return index_pb2.SearchRequest(queries=queries, **{**usual, **fields})


async def refresh(stub: "IndexServiceAsyncStub", *document_ids: str) -> tuple[int, int]:
    """How many of the documents the index then holds, and how many not."""
    request = index_pb2.RefreshRequest(document_ids=document_ids)
    response = await call(stub.Refresh, request, seconds=SECONDS)
    return response.present, response.absent


async def fingerprints(stub: "IndexServiceAsyncStub") -> list[index_pb2.ShardFingerprint]:
    """What every shard holds."""
    response = await call(stub.Fingerprint, index_pb2.FingerprintRequest(), seconds=SECONDS)
    return list(response.shards)


async def assert_equals_database(stub: "IndexServiceAsyncStub", db: Executor) -> None:
    """The index holds exactly the documents and vector bytes of the database."""
    held = [
        (each.shard.namespace_id, each.shard.collection_id, each.shard.feature_uri, each.count, each.digest)
        for each in await fingerprints(stub)
    ]
    stored = [
        (each.namespace_id, each.collection_id, each.feature_uri, each.count, each.digest)
        for each in await database_fingerprint(db)
    ]
    assert held == stored
