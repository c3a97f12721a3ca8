"""Small real gRPC servers with the stubs' interfaces: what they answer is in the bytes that they are sent."""

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import numpy as np

from likeness.extractor.v1 import extractor_pb2, extractor_service_pb2_grpc
from likeness.index.v1 import index_pb2, index_service_pb2_grpc
from likeness.taxonomy.v1 import taxonomy_pb2, taxonomy_service_pb2_grpc
from services.common.errors import LikenessError
from services.common.extractors.vectors import to_message
from services.common.grpc.server import REQUEST_ID, GrpcServer
from tests.support.tutorial.option_a import SLOT

DIMENSIONS = 8
POISON = b"poison"
BAD = b"bad"
SLOW = b"slow"
FACES = b"faces:"
UNREADABLE = b"unreadable"
WHY = "The text holds no letter."
Context = grpc.aio.ServicerContext[Any, Any]


def vector_of(content: bytes) -> np.ndarray[Any, np.dtype[np.float32]]:
    """A unit vector that depends on the content alone."""
    seed = int.from_bytes(hashlib.sha256(content).digest()[:8])
    vector = np.random.default_rng(seed).standard_normal(DIMENSIONS)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


class FakeExtractor(extractor_service_pb2_grpc.ExtractorServiceServicer):
    """Embeds anything but `bad`; dies of `poison`; sleeps a second over `slow`; `refusals` come first.

    `faces:anna,boris` gives one part per name, each with a file; `unreadable` a part without a vector. `instead` says
    what to see in place of a content.
    What comes for an extractor of `rejecting` is `bad`, for one of `slow` it takes half a second.
    """

    def __init__(self) -> None:
        self.request_ids: list[str] = []
        self.refusals: list[LikenessError] = []
        self.instead: dict[bytes, bytes] = {}
        self.rejecting: set[str] = set()
        self.slow: set[str] = set()
        self.seen: list[extractor_pb2.Input] = []
        self.inputs = 0
        self.together = 0
        self.most_together = 0

    async def Extract(  # noqa: N802 -- the rpc's name
        self, request: extractor_pb2.ExtractRequest, context: Context
    ) -> extractor_pb2.ExtractResponse:
        """One part per input."""
        self.request_ids.append(str(dict(context.invocation_metadata() or ()).get(REQUEST_ID, "")))
        if self.refusals:
            raise self.refusals.pop(0)
        self.together += len(request.inputs)
        self.most_together = max(self.together, self.most_together)
        try:
            extractions = await asyncio.gather(*(self._extraction(item, request) for item in request.inputs))
            return extractor_pb2.ExtractResponse(extractions=extractions)
        finally:
            self.together -= len(request.inputs)

    async def ListModels(  # noqa: N802
        self, request: extractor_pb2.ListModelsRequest, context: Context
    ) -> extractor_pb2.ListModelsResponse:
        """None: nobody asks."""
        return extractor_pb2.ListModelsResponse()

    async def _extraction(
        self, item: extractor_pb2.Input, request: extractor_pb2.ExtractRequest
    ) -> extractor_pb2.Extraction:
        self.inputs += 1
        self.seen.append(item)
        content = item.content or item.text.encode()
        await asyncio.sleep(0.5 if request.extractor in self.slow else 0)
        await asyncio.sleep(1.0 if content.startswith(SLOW) else 0.01)
        content = BAD if request.extractor in self.rejecting else self.instead.get(content, content)
        if content.startswith(POISON):
            os._exit(9)
        if content.startswith(BAD):
            error = extractor_pb2.ExtractionError(reason="NOT_AN_IMAGE", message="The file is not an image.")
            return extractor_pb2.Extraction(input_id=item.input_id, error=error)
        if content.startswith(UNREADABLE):
            return extractor_pb2.Extraction(input_id=item.input_id, parts=[unreadable_part()])
        if content.startswith(FACES):
            names = [name for name in content.removeprefix(FACES).split(b",") if name]
            return extractor_pb2.Extraction(input_id=item.input_id, parts=[face(name) for name in names])
        return extractor_pb2.Extraction(input_id=item.input_id, parts=[part_of(content, width=3)])


def part_of(content: bytes, **fields: Any) -> extractor_pb2.Part:
    """The part that this content gives."""
    embedding = extractor_pb2.Embedding(feature_uri=SLOT, vector=to_message(vector_of(content)))
    part = extractor_pb2.Part(embeddings=[embedding])
    part.fields.update(fields)
    return part


def unreadable_part() -> extractor_pb2.Part:
    """A part that has no vector, and says why."""
    part = extractor_pb2.Part(no_embedding=extractor_pb2.ExtractionError(reason="UNREADABLE_TEXT", message=WHY))
    part.fields.update({"text": "..."})
    return part


def face(name: bytes) -> extractor_pb2.Part:
    """A face, with the picture of it."""
    part = part_of(name, seen=name.decode())
    part.artifacts.add(field="crop", mime_type="image/jpeg", content=b"picture of " + name)
    return part


class FakeTaxonomy(taxonomy_service_pb2_grpc.TaxonomyServiceServicer):
    """Says `answer` of everything; no match when it is None."""

    def __init__(self, answer: str | None = "cat") -> None:
        self.answer = answer
        self.refusals: list[LikenessError] = []
        self.subjects: list[str] = []

    async def Enrich(  # noqa: N802
        self, request: taxonomy_pb2.EnrichRequest, context: Context
    ) -> taxonomy_pb2.EnrichResponse:
        """One decision per subject."""
        if self.refusals:
            raise self.refusals.pop(0)
        self.subjects += [subject.object_id for subject in request.subjects]
        await asyncio.sleep(0.005)
        return taxonomy_pb2.EnrichResponse(decisions=[self._decision(subject) for subject in request.subjects])

    def _decision(self, subject: taxonomy_pb2.Subject) -> taxonomy_pb2.Decision:
        matched = self.answer is not None
        return taxonomy_pb2.Decision(
            subject_id=subject.subject_id,
            field="product_label",
            matched=matched,
            confidence=0.87 if matched else 0.21,
            threshold=0.3,
            label_json=json.dumps(self.answer) if matched else "",
            source_document_id="doc_example" if matched else "",
            evidence=[taxonomy_pb2.Evidence(document_id="doc_example", score=0.87, label_json='"cat"')],
            taxonomy_id="tax_1",
            taxonomy_version=1,
            retriever_id="ret_1",
            values=[
                taxonomy_pb2.FieldValue(field="product_label", value_json=json.dumps(self.answer) if matched else "")
            ],
        )


class FakeIndex(index_service_pb2_grpc.IndexServiceServicer):
    """Notes what it is told, and answers after `seconds`."""

    def __init__(self) -> None:
        self.refreshed: list[str] = []
        self.seconds = 0.0

    async def Refresh(  # noqa: N802
        self, request: index_pb2.RefreshRequest, context: Context
    ) -> index_pb2.RefreshResponse:
        """Notes the documents."""
        self.refreshed += request.document_ids
        await asyncio.sleep(self.seconds)
        return index_pb2.RefreshResponse(present=len(request.document_ids))


@asynccontextmanager
async def serving(address: str, servicer: Any) -> AsyncIterator[GrpcServer]:
    """One of the above at `address`, until the end of the block."""
    server = GrpcServer(address, [])
    for add, kind in ADDERS:
        if isinstance(servicer, kind):
            add(servicer, server.server)
    await server.start()
    await server.ready()
    try:
        yield server
    finally:
        await server.stop(0)


ADDERS: tuple[tuple[Any, type], ...] = (
    (extractor_service_pb2_grpc.add_ExtractorServiceServicer_to_server, FakeExtractor),
    (taxonomy_service_pb2_grpc.add_TaxonomyServiceServicer_to_server, FakeTaxonomy),
    (index_service_pb2_grpc.add_IndexServiceServicer_to_server, FakeIndex),
)


async def _serve_extractor(address: str) -> None:
    async with serving(address, FakeExtractor()):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve_extractor(sys.argv[1]))
