"""Classifying at query time: a taxonomy asked about documents that a retriever found, with nothing kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.common.labels.human_labels import HUMAN, IMPORT
from services.taxonomy.domain import Candidate, Json
from services.taxonomy.labels.applied_taxonomies import AppliedTaxonomy, load_alone
from services.taxonomy.labels.decision import Neighbour
from services.taxonomy.labels.enrich import Order, judged, mappings_of, own_blobs
from services.taxonomy.labels.enrichment_fields import Decided, Given
from services.taxonomy.labels.subjects import Known
from services.taxonomy.labels.taxonomy_config import Kind, to_enrichments
from services.taxonomy.retrievers.engine import Engine
from services.taxonomy.stages.base.stage import Classification, Classified


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier:
    """Answers the taxonomy_enrich stage."""

    engine: Engine

    async def __call__(self, namespace_id: str, question: Classification) -> Sequence[Classified]:
        """One answer for each candidate; NotFoundError for a taxonomy that does not exist or cannot run."""
        (loaded,) = await load_alone(self.engine.reader, namespace_id, "", question.taxonomy, 0)
        applied = _as_asked(loaded, question)
        order = Order(namespace_id=namespace_id, collection_id="", taxonomy=loaded.taxonomy_id)
        subjects = await self._known(namespace_id, question.candidates, applied)
        decided = await judged(self.engine, order, applied, subjects)
        pairs = zip(question.candidates, decided, strict=True)
        return [_classified(candidate, each, _wanted(question, applied, each), applied) for candidate, each in pairs]

    async def _known(self, namespace_id: str, candidates: Sequence[Candidate], applied: AppliedTaxonomy) -> list[Known]:
        ids = [candidate.document_id for candidate in candidates]
        vectors = await self.engine.documents.vectors(namespace_id, ids)
        mapped = any(mapping.may_name_a_blob for mapping in mappings_of(applied))
        blobs = await self.engine.blobs.of([each.object_id for each in candidates]) if mapped else {}
        fields = await self.engine.document_fields.subject_fields(ids) if mapped else {}
        return [
            Known(
                object_id=candidate.object_id,
                document_id=candidate.document_id,
                vectors=vectors.get(candidate.document_id, {}),
                fields={**fields.get(candidate.document_id, {}), **_fields(candidate)},
                blobs=blobs.get(candidate.object_id, {}),
                own_blobs=own_blobs(frozenset(), blobs.get(candidate.object_id, {})),
            )
            for candidate in candidates
        ]


def _fields(candidate: Candidate) -> Mapping[str, Json]:
    row = candidate.row
    return {} if row is None else {**row.record.get("fields", {}), **row.added}


def _as_asked(applied: AppliedTaxonomy, question: Classification) -> AppliedTaxonomy:
    """The taxonomy with what the stage says in the place of its own settings.

    Its threshold stays the least, and its label still decides, whichever fields are copied.
    """
    config = applied.config
    fields = config.fields
    if question.fields is not None and config.kind is Kind.FLAT:
        fields = (*(fields or ())[:1], *to_enrichments(question.fields))
    threshold = max(config.threshold, question.min_score)
    named = config.names_threshold or question.min_score > 0
    asked = replace(config, top_k=question.top_k, threshold=threshold, names_threshold=named, fields=fields)
    return replace(applied, config=asked)


def _wanted(question: Classification, applied: AppliedTaxonomy, decided: Decided) -> tuple[Given, ...]:
    """The fields that are asked for, which come last; all of them where the taxonomy's own are meant."""
    if question.fields is None or applied.config.kind is not Kind.FLAT:
        return decided.values
    return decided.values[-len(question.fields) :]


def _classified(
    candidate: Candidate, decided: Decided, values: tuple[Given, ...], applied: AppliedTaxonomy
) -> Classified:
    verdict = decided.verdict
    labels = candidate.row.record.get("labels", {}) if candidate.row else {}
    fields = {
        given.field: given.value
        for given in values
        if given.value is not None and labels.get(given.field, {}).get("source") not in (HUMAN, IMPORT)
    }
    match: dict[str, Json] = {
        "taxonomy_id": applied.taxonomy_id,
        "matched": verdict.matched,
        "confidence": verdict.confidence,
        "label": decided.label if verdict.matched else None,
        "assignments": [_assignment(neighbour, label) for neighbour, label in decided.assigned],
    }
    if verdict.best:
        match["source_document_id"] = verdict.best.candidate.document_id
    if verdict.reason:
        match["reason"] = verdict.reason
    if decided.places:
        match["path"] = [place.label for place in decided.places]
    return Classified(fields=fields, match=match, needed=verdict.threshold)


def _assignment(neighbour: Neighbour, label: Json) -> dict[str, Json]:
    return {"id": neighbour.candidate.document_id, "label": label, "score": neighbour.candidate.similarity}
