"""From a query's value to a vector that the target's model made."""

from collections.abc import Mapping, Sequence
from typing import assert_never

import grpc
import numpy as np
import orjson

from likeness.common.v1.vector_pb2 import Vector
from likeness.extractor.v1.extractor_pb2 import Extraction, ExtractRequest, ExtractResponse, Input, Purpose
from likeness.extractor.v1.extractor_service_pb2_grpc import ExtractorServiceStub
from services.common.blobs import BlobReader
from services.common.errors import InvalidArgumentError, NotFoundError
from services.common.extractors.vectors import from_message, to_message
from services.common.grpc.client import call
from services.taxonomy.database.documents import Documents
from services.taxonomy.domain import Json, Target
from services.taxonomy.queries.extractor_models import Models
from services.taxonomy.queries.query_spellings import Mode, Query, is_content, is_source

QUERY = Purpose.PURPOSE_QUERY


class QueryVectors:
    """Makes the vector of a query: embeds content or words, reads a stored vector, or takes the numbers as they are."""

    def __init__(self, documents: Documents, blobs: BlobReader, extractor: grpc.aio.Channel, seconds: float) -> None:
        self.models = Models(extractor, seconds)
        self._documents = documents
        self._blobs = blobs
        self._extractor = ExtractorServiceStub(extractor)
        self._seconds = seconds

    async def vector(self, query: Query, value: Json, target: Target, namespace_id: str) -> Vector:
        """The vector for the target's slot; errors name the query's path."""
        match query.mode_of(value):
            case Mode.CONTENT:
                return await self._content(value, target, query.path)
            case Mode.TEXT | Mode.ANY:
                return await self._words(str(value), target, query.path)
            case Mode.MULTI_CONTENT:
                return await self._mean(value, target, query.path)
            case Mode.DOCUMENT:
                return await self._stored(str(value), target, namespace_id)
            case Mode.VECTOR:
                return to_message(unit_vector(value, target.dimensions, query.path))
            case unknown:
                assert_never(unknown)

    async def _content(self, value: Json, target: Target, path: str) -> Vector:
        content = await self._read(_source(value, path), path)
        return await self._embed(Input(input_id="query", content=content, purpose=QUERY), target, path)

    async def _words(self, text: str, target: Target, path: str) -> Vector:
        if not await self.models.reads(target, "text"):
            raise InvalidArgumentError(
                f"{path} asks by text, but the model '{target.model}' that serves {target.feature_uri} does not read "
                "text; ask by input_mode 'content', 'vector' or 'document', or search a collection whose model does.",
                reason="TEXT_NOT_SUPPORTED",
                path=path,
            )
        return await self._embed(Input(input_id="query", text=text, purpose=QUERY), target, path)

    async def _mean(self, values: Sequence[Json], target: Target, path: str) -> Vector:
        """The direction between several contents, each of which counts as much."""
        vectors = [await self._part(value, target, f"{path}.{n}") for n, value in enumerate(values)]
        mean = np.mean([from_message(vector, path) for vector in vectors], axis=0)
        return to_message(unit_vector(mean.tolist(), target.dimensions, path))

    async def _part(self, value: Json, target: Target, path: str) -> Vector:
        if isinstance(value, Mapping) or is_content(str(value)):
            return await self._content(value, target, path)
        return await self._words(str(value), target, path)

    async def _embed(self, query: Input, target: Target, path: str) -> Vector:
        request = ExtractRequest(extractor=target.extractor, model=target.model, inputs=[query])
        response: ExtractResponse = await call(self._extractor.Extract, request, seconds=self._seconds)
        return _embedding(response.extractions[0], target, path)

    async def _read(self, source: str, path: str) -> bytes:
        try:
            return (await self._blobs.read(source)).content
        except InvalidArgumentError as error:
            raise InvalidArgumentError(f"{path}: {error.message}", reason=error.reason, path=path) from error

    async def _stored(self, document_id: str, target: Target, namespace_id: str) -> Vector:
        vectors = await self._documents.vectors(namespace_id, [document_id])
        vector = vectors.get(document_id, {}).get((target.feature_uri, target.model))
        if vector is None:
            raise NotFoundError(
                f"No document '{document_id}' with a vector of {target.model} for {target.feature_uri}.",
                resource="document",
                id=document_id,
            )
        return vector


def unit_vector(value: Json, dimensions: int, path: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The numbers (or their JSON text) at unit norm; refuses another length, NaN, infinity and zero."""
    numbers = _numbers(value, path)
    if len(numbers) != dimensions:
        raise InvalidArgumentError(f"{path} has {len(numbers)} numbers; the feature has {dimensions}.", path=path)
    vector = np.array(numbers, dtype=np.float64)
    largest = np.abs(vector).max()
    if not np.isfinite(vector).all() or largest == 0.0:
        raise InvalidArgumentError(f"{path} must hold finite numbers that are not all zero.", path=path)
    vector /= largest  # so that no square overflows or vanishes
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def _numbers(value: Json, path: str) -> Sequence[float]:
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise InvalidArgumentError(f"{path} must be a list of numbers.", path=path) from error
    if not isinstance(value, list) or not all(isinstance(n, int | float) and not isinstance(n, bool) for n in value):
        raise InvalidArgumentError(f"{path} must be a list of numbers.", path=path)
    return value


def _source(value: Json, path: str) -> str:
    """A source that the fetcher knows; bare base64 becomes a data URI."""
    source = (value.get("url") or value.get("base64")) if isinstance(value, Mapping) else value
    if not isinstance(source, str):
        raise InvalidArgumentError(f"{path} must be a URL, a data URI or base64.", path=path)
    return source if is_source(source) else f"data:application/octet-stream;base64,{source}"


def _embedding(extraction: Extraction, target: Target, path: str) -> Vector:
    if extraction.HasField("error"):
        raise InvalidArgumentError(f"{path}: {extraction.error.message}", reason=extraction.error.reason, path=path)
    for part in extraction.parts:
        for embedding in part.embeddings:
            if embedding.feature_uri == target.feature_uri:
                return embedding.vector
    raise InvalidArgumentError(f"{path}: nothing was found in it that {target.extractor} can embed.", path=path)
