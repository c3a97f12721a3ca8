"""The services that an ingest calls: what is asked, and what the answers mean."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

import grpc
import structlog
from google.protobuf import json_format, struct_pb2

from likeness.extractor.v1 import extractor_pb2
from likeness.extractor.v1.extractor_service_pb2_grpc import ExtractorServiceStub
from likeness.index.v1 import index_pb2
from likeness.index.v1.index_service_pb2_grpc import IndexServiceStub
from services.common.errors import LikenessError, ResourceExhaustedError
from services.common.grpc_client import call
from services.common.logs import bind_request, current_request_id
from services.common.vectors import from_message, to_message
from services.worker.domain import Content, Embedding, Ingest, JsonObject, Part
from services.worker.failures import RejectedError
from services.worker.grouping import Grouper

GROUP = 4
GROUP_LINGER = 0.003
SMALL_BYTES = 1_000_000
FULL_SECONDS = 0.05
FULL_TRIES = 200
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One input for the extractor, under the request id of its upload."""

    ingest: Ingest
    data: bytes
    request_id: str


class Extractor:
    """Asks for the parts of one input. Small inputs of one collection that come together share a call."""

    def __init__(self, channel: grpc.aio.Channel, seconds: float, queue: int) -> None:
        """`queue` is how many inputs the extractor takes at most."""
        self._stub = ExtractorServiceStub(channel)
        self._seconds = seconds
        self._together: Grouper[Upload, extractor_pb2.Extraction] = Grouper(self._ask, min(GROUP, queue), GROUP_LINGER)

    async def extract(self, ingest: Ingest, content: Content) -> tuple[Part, ...]:
        """The parts of the content; waits while the extractor's queue is full. A suspect travels alone.

        Raises RejectedError when the content is at fault, and what the call raises otherwise.
        """
        upload = Upload(ingest=ingest, data=content.data, request_id=current_request_id())
        if ingest.is_suspect or len(content.data) > SMALL_BYTES:
            extraction = (await self._ask([upload]))[0]
        else:
            extraction = await self._together.submit(ingest.collection.collection_id, upload)
        if extraction.HasField("error"):
            raise RejectedError(extraction.error.reason, extraction.error.message)
        return tuple(_part(part) for part in extraction.parts)

    async def _ask(self, uploads: Sequence[Upload]) -> Sequence[extractor_pb2.Extraction]:
        bind_request(",".join(dict.fromkeys(upload.request_id for upload in uploads)))
        collection = uploads[0].ingest.collection
        request = extractor_pb2.ExtractRequest(
            extractor=collection.extractor,
            model=collection.model or "",
            parameters=_parameters(collection.feature_extractor),
            inputs=[extractor_pb2.Input(input_id=each.ingest.object_id, content=each.data) for each in uploads],
        )
        return (await self._when_not_full(request)).extractions

    async def _when_not_full(self, request: extractor_pb2.ExtractRequest) -> extractor_pb2.ExtractResponse:
        for _ in range(FULL_TRIES):
            try:
                return await call(self._stub.Extract, request, seconds=self._seconds)
            except ResourceExhaustedError:
                await asyncio.sleep(FULL_SECONDS * random.uniform(0.5, 3.0))  # noqa: S311
        return await call(self._stub.Extract, request, seconds=self._seconds)


def _parameters(feature_extractor: JsonObject) -> struct_pb2.Struct:
    parameters = struct_pb2.Struct()
    parameters.update(feature_extractor.get("parameters") or {})
    return parameters


def _part(message: extractor_pb2.Part) -> Part:
    return Part(
        embeddings=tuple(_embedding(embedding) for embedding in message.embeddings),
        fields=json_format.MessageToDict(message.fields),
    )


def _embedding(message: extractor_pb2.Embedding) -> Embedding:
    vector = to_message(from_message(message.vector, message.feature_uri))
    return Embedding(feature_uri=message.feature_uri, dimensions=vector.dimensions, vector=vector.data)


class Indexer:
    """Tells the index which documents have just been committed."""

    def __init__(self, channel: grpc.aio.Channel, seconds: float) -> None:
        self._stub = IndexServiceStub(channel)
        self._seconds = seconds

    async def refresh(self, document_ids: Sequence[str]) -> None:
        """Makes every later search see the documents; an index that is away catches up by itself."""
        request = index_pb2.RefreshRequest(document_ids=document_ids)
        try:
            await call(self._stub.Refresh, request, seconds=self._seconds)
        except LikenessError as error:
            log.warning("not refreshed", documents=len(document_ids), error=error.message)
