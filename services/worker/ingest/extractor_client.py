"""The extractor, as an ingest calls it: what is asked, and what the answers mean."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import grpc
from google.protobuf import struct_pb2

from likeness.extractor.v1 import extractor_pb2
from likeness.extractor.v1.extractor_service_pb2_grpc import ExtractorServiceStub
from services.common.errors import ResourceExhaustedError
from services.common.grpc.client import call
from services.common.process.logs import bind_request, current_request_id
from services.worker.domain import Content, Ingest, JsonObject, Part
from services.worker.ingest.extractor_messages import to_part
from services.worker.kit.job_retries import RejectedError
from services.worker.kit.joint_calls import JointCalls

GROUP = 4
GROUP_LINGER = 0.003
SMALL_BYTES = 1_000_000
SMALL_TEXT = 20_000
# A video may take so many times as long as a picture.
PATIENCE = 20
FULL_SECONDS = 0.05
FULL_TRIES = 200
# What gRPC says, under the code of a full queue, of an answer that does not fit into a message.
LARGER_THAN_MAX = "larger than max"
TOO_MUCH = "Too much was found in the file for one answer; cut it, or ask for less in the extractor's parameters."


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One input for the extractor, under the request id of its upload."""

    ingest: Ingest
    content: Content
    request_id: str


class ExtractorClient:
    """Asks for the parts of one input. Small inputs of one collection that come together share a call."""

    def __init__(self, channel: grpc.aio.Channel, seconds: float, queue: int) -> None:
        """`queue` is how many inputs the extractor takes at most; `seconds` what a picture may take."""
        self._stub = ExtractorServiceStub(channel)
        self._seconds = seconds
        self._calls: JointCalls[Upload, extractor_pb2.Extraction] = JointCalls(
            self._ask, min(GROUP, queue), GROUP_LINGER
        )

    async def extract(self, ingest: Ingest, content: Content) -> tuple[Part, ...]:
        """The parts of the content; waits while the extractor's queue is full. A suspect travels alone.

        Raises RejectedError when the content is at fault, and what the call raises otherwise.
        """
        upload = Upload(ingest=ingest, content=content, request_id=current_request_id())
        if ingest.is_suspect or not is_small(content):
            extraction = (await self._ask([upload]))[0]
        else:
            extraction = await self._calls.submit(ingest.collection.collection_id, upload)
        if extraction.HasField("error"):
            raise RejectedError(extraction.error.reason, extraction.error.message)
        found_in = content.emptied()
        return tuple(replace(to_part(part), found_in=found_in) for part in extraction.parts)

    async def _ask(self, uploads: Sequence[Upload]) -> Sequence[extractor_pb2.Extraction]:
        bind_request(",".join(dict.fromkeys(upload.request_id for upload in uploads)))
        collection = uploads[0].ingest.collection
        request = extractor_pb2.ExtractRequest(
            extractor=collection.extractor,
            model=collection.model or "",
            parameters=_parameters(collection.feature_extractor),
            inputs=[_input(each) for each in uploads],
        )
        seconds = self._seconds * (PATIENCE if is_long(uploads[0].content) else 1)
        return (await self._when_not_full(request, seconds)).extractions

    async def _when_not_full(
        self, request: extractor_pb2.ExtractRequest, seconds: float
    ) -> extractor_pb2.ExtractResponse:
        for _ in range(FULL_TRIES):
            try:
                return await call(self._stub.Extract, request, seconds=seconds)
            except ResourceExhaustedError as error:
                if LARGER_THAN_MAX in error.message:
                    raise RejectedError("TOO_LARGE", TOO_MUCH) from error
                await asyncio.sleep(FULL_SECONDS * random.uniform(0.5, 3.0))  # noqa: S311
        return await call(self._stub.Extract, request, seconds=seconds)


def is_small(content: Content) -> bool:
    """Whether it may wait for company: a picture of ordinary size, or some words."""
    return not is_long(content) and len(content.data) <= SMALL_BYTES


def is_long(content: Content) -> bool:
    """Whether it may have many parts, and so take long: a video, a PDF, a long text."""
    mime_type = content.mime_type or ""
    if content.text or mime_type.startswith("text/"):
        return len(content.text) + len(content.data) > SMALL_TEXT
    return mime_type.startswith(("video/", "audio/", "application/pdf"))


def _input(upload: Upload) -> extractor_pb2.Input:
    content = upload.content
    return extractor_pb2.Input(
        input_id=upload.ingest.object_id,
        content=content.data,
        text=content.text,
        mime_type=content.mime_type or "",
        purpose=extractor_pb2.PURPOSE_DOCUMENT,
    )


def _parameters(feature_extractor: JsonObject) -> struct_pb2.Struct:
    parameters = struct_pb2.Struct()
    parameters.update(feature_extractor.get("parameters") or {})
    return parameters
