"""The taxonomy service: what is asked of it, and what its answers mean."""

from collections.abc import Sequence

import grpc
import orjson

from likeness.common.v1.vector_pb2 import Dtype, Vector
from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from likeness.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceStub
from services.common.extractors.passthrough import pass_through, rules_of
from services.common.grpc.client import call
from services.worker.domain import Decision, FieldValue, Ingest, JsonObject, Part

Question = tuple[Ingest, Part]
Decisions = tuple[Decision, ...]


class TaxonomyClient:
    """Asks the taxonomy for the labels of documents."""

    def __init__(self, channel: grpc.aio.Channel, seconds: float) -> None:
        self._stub = TaxonomyServiceStub(channel)
        self._seconds = seconds

    async def decide(self, questions: Sequence[Question]) -> list[Decisions]:
        """The decisions on each part that is not stored yet, one call per collection.

        They come in the order in which taxonomies apply; none where nothing does any more.
        """
        collections: dict[str, list[int]] = {}
        for position, (ingest, _) in enumerate(questions):
            collections.setdefault(ingest.collection.collection_id, []).append(position)
        decisions: list[Decisions] = [()] * len(questions)
        for positions in collections.values():
            collection = questions[positions[0]][0].collection
            request = pb.EnrichRequest(
                namespace_id=collection.namespace_id,
                collection_id=collection.collection_id,
                subjects=[_subject(*questions[position]) for position in positions],
            )
            for position, answer in zip(positions, await self.ask(request), strict=True):
                decisions[position] = answer
        return decisions

    async def ask(self, request: pb.EnrichRequest) -> list[Decisions]:
        """The decisions on each subject of the request."""
        response: pb.EnrichResponse = await call(self._stub.Enrich, request, seconds=self._seconds)
        many = len(request.subjects)
        return [
            tuple(_decision(message) for message in response.decisions[number::many] if not message.skipped)
            for number in range(many)
        ]


def _subject(ingest: Ingest, part: Part) -> pb.Subject:
    embeddings = [
        pb.SubjectEmbedding(
            feature_uri=embedding.feature_uri,
            vector=Vector(data=embedding.vector, dtype=Dtype.DTYPE_FLOAT16, dimensions=embedding.dimensions),
        )
        for embedding in part.embeddings
    ]
    subject = pb.Subject(subject_id=ingest.object_id, object_id=ingest.object_id, embeddings=embeddings)
    if not embeddings or not all(labeller.inline for labeller in ingest.labellers):
        passed = pass_through(ingest.seen.fields, rules_of(ingest.collection.feature_extractor))
        subject.fields_json = orjson.dumps({**ingest.seen.fields, **passed, **part.fields}).decode()
    return subject


def _decision(message: pb.Decision) -> Decision:
    value = _json(message.label_json) if message.matched else None
    values = [_value(each) for each in message.values]
    return Decision(
        field=message.field,
        matched=message.matched,
        confidence=round(message.confidence, 6),
        threshold=message.threshold,
        value=value,
        source_document_id=message.source_document_id,
        evidence=tuple(_evidence(evidence) for evidence in message.evidence),
        taxonomy_id=message.taxonomy_id,
        taxonomy_version=message.taxonomy_version,
        retriever_id=message.retriever_id,
        values=tuple(values),
        assignments=tuple(_assignment(assignment) for assignment in message.assignments),
        path=tuple(_step(step, level) for level, step in enumerate(message.path)),
        reason=message.reason,
    )


def _json(text: str) -> object:
    return orjson.loads(text) if text else None


def _evidence(message: pb.Evidence) -> JsonObject:
    return {
        "document_id": message.document_id,
        "object_id": message.object_id,
        "collection_id": message.collection_id,
        "score": round(message.score, 6),
        "label": _json(message.label_json),
        "label_source": message.label_source,
    }


def _value(message: pb.FieldValue) -> FieldValue:
    rests_on = (
        {"document_id": lent.document_id, "field": lent.field, "value": _json(lent.value_json)}
        for lent in message.rests_on
    )
    value = _json(message.value_json)
    return FieldValue(field=message.field, value=value, append=message.append, rests_on=tuple(rests_on))


def _assignment(message: pb.Assignment) -> JsonObject:
    return {"id": message.document_id, "label": _json(message.label_json), "score": round(message.score, 6)}


def _step(message: pb.PathStep, level: int) -> JsonObject:
    return {
        "node_id": message.node_id,
        "label": message.label,
        "level": level,
        "score": round(message.score, 6),
        "source_document_id": message.source_document_id or None,
    }
