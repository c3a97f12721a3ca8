"""Samples for a taxonomy, as questions to the taxonomy service, and its answers as the contract shows them."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import orjson

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from services.common.database.pool import Executor
from services.gateway.kit.shapes import JsonObject
from services.gateway.taxonomies.runs.shapes import JoinAnswer, JoinStats, TaxonomyMatch

STORED = "SELECT document_id, object_id, fields FROM documents WHERE namespace_id = $1 AND document_id = ANY($2)"
# A batch of a run, as its statistics count them.
BATCH = 100
ENVELOPES = ("payload", "metadata")


async def subjects_of(db: Executor, namespace_id: str, samples: Sequence[JsonObject]) -> list[pb.Subject]:
    """The samples as subjects: stored ones by their vectors and fields, others by the fields that they come with."""
    named = [each["document_id"] for each in samples if isinstance(each.get("document_id"), str)]
    stored = {row["document_id"]: row for row in await db.fetch(STORED, namespace_id, named)}
    return [_subject(number, each, stored.get(_id(each) or "")) for number, each in enumerate(samples)]


def _subject(number: int, sample: JsonObject, row: asyncpg.Record | None) -> pb.Subject:
    given = fields_of(sample)
    fields = given if row is None else {**row["fields"], **given}
    return pb.Subject(
        subject_id=str(number),
        object_id="" if row is None else row["object_id"],
        document_id="" if row is None else row["document_id"],
        fields_json=orjson.dumps(fields).decode(),
    )


def fields_of(sample: JsonObject) -> JsonObject:
    """The fields of a sample: at its root, else in an envelope."""
    inside: JsonObject = {}
    for name in ENVELOPES:
        if isinstance(sample.get(name), dict):
            inside |= sample[name]
    return {**inside, **{key: value for key, value in sample.items() if key not in (*ENVELOPES, "document_id")}}


def _id(sample: JsonObject) -> str | None:
    found = sample.get("document_id")
    return found if isinstance(found, str) else None


def to_answer(taxonomy_name: str, samples: Sequence[JsonObject], decisions: Sequence[pb.Decision]) -> JoinAnswer:
    """JoinResponse."""
    pairs = list(zip(samples, decisions, strict=True))
    return JoinAnswer(
        stats=JoinStats(
            processed_docs=len(samples),
            batches=-(-len(samples) // BATCH),
            enriched=sum(decision.matched for _, decision in pairs),
        ),
        results=[_enriched(sample, decision) for sample, decision in pairs],
        matches=[_match(taxonomy_name, sample, decision) for sample, decision in pairs],
    )


def _enriched(sample: JsonObject, decision: pb.Decision) -> JsonObject:
    """The sample with what the taxonomy would give it."""
    result = dict(sample)
    for value in decision.values:
        if value.value_json:
            result[value.field] = orjson.loads(value.value_json)
    lead = f"_taxonomy_{decision.taxonomy_id}"
    result["taxonomy_match"] = {"matched": decision.matched, "confidence": round(decision.confidence, 6)}
    if decision.source_document_id:
        result["taxonomy_match"]["source_document_id"] = decision.source_document_id
    if decision.reason:
        result["taxonomy_match"]["reason"] = decision.reason
    result["_internal"] = {
        f"{lead}_id": decision.source_document_id or None,
        f"{lead}_label": orjson.loads(decision.label_json) if decision.label_json else None,
        f"{lead}_score": round(decision.confidence, 6),
    }
    return result


def _match(taxonomy_name: str, sample: JsonObject, decision: pb.Decision) -> TaxonomyMatch:
    node = decision.path[-1].node_id if decision.path else decision.source_document_id
    return TaxonomyMatch(
        document_id=_id(sample),
        taxonomy_id=decision.taxonomy_id,
        taxonomy_name=taxonomy_name,
        matched=decision.matched,
        node_id=node or None,
        label=_text(decision.label_json),
        score=round(decision.confidence, 6),
        threshold=decision.threshold,
        reason=decision.reason or None,
        path=[step.label for step in decision.path] or None,
        hierarchy_level=len(decision.path) - 1 if decision.path else None,
        enriched_fields=[value.field for value in decision.values if value.value_json],
    )


def _text(label_json: str) -> str | None:
    label: Any = orjson.loads(label_json) if label_json else None
    return label if label is None or isinstance(label, str) else label_json
