"""An outcome and what is stored already, made into the documents to be written."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.common import ids
from services.common.database.records import DocumentRow, EmbeddingRow, ObjectFields, StoredDocument
from services.common.passthrough import pass_through, rules_of
from services.worker.domain import Content, Decision, Ingest, JsonObject, Outcome, Part
from services.worker.labelling import Claims, Label, label_source, settle

HISTORY = 20


@dataclass(frozen=True, kw_only=True)
class _Draft:
    outcome: Outcome
    number: int
    current: ObjectFields
    stored: StoredDocument | None
    now: str

    @property
    def part(self) -> Part:
        return self.outcome.parts[self.number]

    @property
    def decision(self) -> Decision | None:
        return self.outcome.decisions[self.number]


def document_ids(outcome: Outcome) -> list[str]:
    """The ids of the outcome's documents, in the order of its parts."""
    object_id, collection_id = outcome.ingest.key
    return [ids.document_id(collection_id, object_id, number) for number in range(len(outcome.parts))]


def compose(
    outcome: Outcome, current: ObjectFields, stored: Mapping[str, StoredDocument], now: str
) -> list[DocumentRow]:
    """One row per part. `current` is the object as locked, `stored` its documents of an earlier run, by id."""
    return [
        _row(document_id, _Draft(outcome=outcome, number=n, current=current, stored=stored.get(document_id), now=now))
        for n, document_id in enumerate(document_ids(outcome))
    ]


def _row(document_id: str, draft: _Draft) -> DocumentRow:
    ingest, stored = draft.outcome.ingest, draft.stored
    collection = ingest.collection
    label = _label(draft)
    labels = {} if stored is None else dict(stored.labels)
    fields = _fields(draft)
    if label is not None and ingest.taxonomy is not None:
        field = ingest.taxonomy.field_to_enrich
        fields[field] = label.value
        labels.pop(field, None)
        labels |= {} if label.provenance is None else {field: label.provenance}
    return DocumentRow(
        document_id=document_id,
        namespace_id=collection.namespace_id,
        collection_id=collection.collection_id,
        bucket_id=ingest.bucket_id,
        object_id=ingest.object_id,
        part=draft.number,
        fields=fields,
        taxonomy_match=None if label is None else label.match,
        labels=labels,
        internal=_internal(draft),
        embeddings=_embeddings(draft.part, collection.model or ""),
    )


def _embeddings(part: Part, model: str) -> list[EmbeddingRow]:
    return [
        EmbeddingRow(
            feature_uri=embedding.feature_uri,
            model=model,
            dimensions=embedding.dimensions,
            vector=embedding.vector,
        )
        for embedding in part.embeddings
    ]


def _fields(draft: _Draft) -> JsonObject:
    """What the object passes through, what was changed on the document since, what the extractor found."""
    rules = rules_of(draft.outcome.ingest.collection.feature_extractor)
    changed = {} if draft.stored is None else draft.stored.fields
    return {**pass_through(draft.current.fields, rules), **changed, **draft.part.fields}


def _label(draft: _Draft) -> Label | None:
    taxonomy, collection = draft.outcome.ingest.taxonomy, draft.outcome.ingest.collection
    if taxonomy is None:
        return None
    field = taxonomy.field_to_enrich
    return settle(
        Claims(
            field=field,
            source=label_source(field, rules_of(collection.feature_extractor)),
            current=draft.current,
            stored=draft.stored,
            decision=draft.decision,
            model=collection.model or "",
            now=draft.now,
        )
    )


def _internal(draft: _Draft) -> JsonObject:
    ingest, content = draft.outcome.ingest, draft.outcome.content
    return {
        "lineage": _lineage(ingest),
        "processing": {"history": _history(draft)},
        "source_blobs": _source_blobs(content),
        "modality": None if content.mime_type is None else content.mime_type.partition("/")[0],
        "mime_type": content.mime_type,
        "size_bytes": len(content.data),
        "content_hash": f"sha256:{content.sha256}",
        "metadata": {"ingestion_status": "COMPLETED"},
        **_taxonomy_results(draft.decision),
    }


def _lineage(ingest: Ingest) -> JsonObject:
    step = {"type": "bucket", "bucket_id": ingest.bucket_id, "object_id": ingest.object_id}
    return {
        "root_object_id": ingest.object_id,
        "root_bucket_id": ingest.bucket_id,
        "source_type": "bucket",
        "source_object_id": ingest.object_id,
        "path": f"{ingest.bucket_id}/{ingest.collection.collection_id}",
        "chain": [step],
    }


def _history(draft: _Draft) -> list[JsonObject]:
    collection, decision = draft.outcome.ingest.collection, draft.decision
    earlier = [] if draft.stored is None else draft.stored.internal.get("processing", {}).get("history", [])
    entry: JsonObject = {
        "at": draft.now,
        "extractor": collection.extractor,
        "model": collection.model,
        "duration_ms": round(draft.outcome.extracted.milliseconds, 1),
    }
    if decision is not None:
        entry["taxonomy"] = {
            "taxonomy_id": decision.taxonomy_id,
            "version": decision.taxonomy_version,
            "retriever_id": decision.retriever_id,
            "matched": decision.matched,
            "confidence": decision.confidence,
        }
    return [*earlier, entry][-HISTORY:]


def _source_blobs(content: Content) -> list[JsonObject]:
    blob = content.blob
    return [] if blob is None else [{"blob_id": blob.blob_id, "field": blob.property, "type": blob.type}]


def _taxonomy_results(decision: Decision | None) -> JsonObject:
    if decision is None:
        return {}
    lead = f"_taxonomy_{decision.taxonomy_id}"
    return {
        f"{lead}_id": decision.source_document_id or None,
        f"{lead}_label": decision.value,
        f"{lead}_score": decision.confidence,
    }
