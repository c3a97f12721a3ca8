"""Enrich on the wire: subjects come in, decisions go out."""

from collections.abc import Iterator
from typing import Any

import orjson

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from services.common.errors import InvalidArgumentError
from services.common.extractors.vectors import from_message
from services.taxonomy.labels.applied_taxonomies import AppliedTaxonomy
from services.taxonomy.labels.decision import Neighbour
from services.taxonomy.labels.enrich import Decisions, Order
from services.taxonomy.labels.enrichment_fields import Decided, Given
from services.taxonomy.labels.subjects import Asked


def to_order(request: pb.EnrichRequest) -> Order:
    """What the request asks to be decided."""
    return Order(
        namespace_id=request.namespace_id,
        collection_id=request.collection_id,
        taxonomy=request.taxonomy_id,
        version=request.taxonomy_version,
        afresh=request.afresh,
    )


def to_asked(subject: pb.Subject, path: str) -> Asked:
    """The subject, its vectors checked."""
    if not subject.embeddings and not subject.document_id and not subject.fields_json:
        raise InvalidArgumentError(f"{path} needs 'embeddings', 'document_id' or 'fields_json'.", path=path)
    for number, embedding in enumerate(subject.embeddings):
        from_message(embedding.vector, f"{path}.embeddings.{number}.vector")
    return Asked(
        object_id=subject.object_id,
        document_id=subject.document_id,
        vectors={embedding.feature_uri: embedding.vector for embedding in subject.embeddings},
        fields=_fields(subject, path) if subject.fields_json else None,
        path=path,
    )


def _fields(subject: pb.Subject, path: str) -> dict[str, Any]:
    try:
        fields = orjson.loads(subject.fields_json)
    except orjson.JSONDecodeError as error:
        raise InvalidArgumentError(f"{path}.fields_json is not JSON: {error}.", path=f"{path}.fields_json") from error
    if not isinstance(fields, dict):
        raise InvalidArgumentError(f"{path}.fields_json must be an object.", path=f"{path}.fields_json")
    return fields


def to_messages(request: pb.EnrichRequest, decisions: Decisions) -> Iterator[pb.Decision]:
    """The decisions of one taxonomy, one for each subject of the request."""
    for subject, decided in zip(request.subjects, decisions.decided, strict=True):
        yield _decision(subject.subject_id, decided, decisions.applied)


def _decision(subject_id: str, decided: Decided, applied: AppliedTaxonomy) -> pb.Decision:
    verdict = decided.verdict
    decision = pb.Decision(
        subject_id=subject_id,
        field=applied.config.field,
        matched=verdict.matched,
        confidence=verdict.confidence,
        threshold=verdict.threshold,
        evidence=[_evidence(neighbour) for neighbour in verdict.evidence],
        taxonomy_id=applied.taxonomy_id,
        taxonomy_version=applied.version,
        retriever_id=applied.retriever_id,
        values=[_value(given) for given in decided.values],
        assignments=[_assignment(neighbour, label) for neighbour, label in decided.assigned],
        path=[
            pb.PathStep(node_id=p.node_id, label=p.label, score=p.score, source_document_id=p.source_document_id)
            for p in decided.places
        ],
        skipped=decided.skipped,
        reason=verdict.reason,
    )
    if verdict.matched:
        decision.label_json = _json(decided.label)
        decision.source_document_id = verdict.best.candidate.document_id if verdict.best else ""
    return decision


def _value(given: Given) -> pb.FieldValue:
    lent = [
        pb.Lent(document_id=each.document_id, field=each.field, value_json=_json(each.value)) for each in given.lent
    ]
    return pb.FieldValue(field=given.field, value_json=_json(given.value), append=given.append, rests_on=lent)


def _assignment(neighbour: Neighbour, label: Any) -> pb.Assignment:
    candidate = neighbour.candidate
    return pb.Assignment(document_id=candidate.document_id, label_json=_json(label), score=candidate.similarity)


def _evidence(neighbour: Neighbour) -> pb.Evidence:
    return pb.Evidence(
        document_id=neighbour.candidate.document_id,
        object_id=neighbour.candidate.object_id,
        collection_id=neighbour.candidate.collection_id,
        score=neighbour.candidate.similarity,
        label_json=_json(neighbour.label.value),
        label_source=neighbour.label.source,
    )


def _json(value: Any) -> str:
    return "" if value is None else orjson.dumps(value).decode()
