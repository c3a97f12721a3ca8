"""An outcome and what is stored already, made into the documents to be written."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.common import ids
from services.common.database.records import DocumentRow, EmbeddingRow, ObjectFields, StoredDocument
from services.common.passthrough import pass_through, rules_of
from services.worker.answers import answer_for, taxonomy_lineage, taxonomy_results
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
    def decisions(self) -> tuple[Decision, ...]:
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
    settled = _labels(draft)
    labels = {} if stored is None else {key: entry for key, entry in stored.labels.items() if key not in settled}
    labels |= {field: label.provenance for field, label in settled.items() if label.provenance is not None}
    return DocumentRow(
        document_id=document_id,
        namespace_id=collection.namespace_id,
        collection_id=collection.collection_id,
        bucket_id=ingest.bucket_id,
        object_id=ingest.object_id,
        part=draft.number,
        fields=_fields(draft) | {field: label.value for field, label in settled.items()},
        taxonomy_match=next((label.match for label in settled.values()), None),
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


def _labels(draft: _Draft) -> dict[str, Label]:
    """The label of each field that machines fill."""
    filled = (value.field for decision in draft.decisions for value in decision.values)
    return {field: _label(field, draft) for field in dict.fromkeys((*draft.outcome.ingest.label_fields, *filled))}


def _label(field: str, draft: _Draft) -> Label:
    collection = draft.outcome.ingest.collection
    return settle(
        Claims(
            field=field,
            source=label_source(field, rules_of(collection.feature_extractor)),
            current=draft.current,
            stored=draft.stored,
            answer=answer_for(field, draft.decisions),
            model=collection.model,
            now=draft.now,
        )
    )


def _internal(draft: _Draft) -> JsonObject:
    ingest, content = draft.outcome.ingest, draft.outcome.content
    return {
        "lineage": _lineage(ingest),
        "processing": {"history": _history(draft), "taxonomy_lineage": taxonomy_lineage(draft.decisions)},
        "source_blobs": _source_blobs(content),
        "modality": None if content.mime_type is None else content.mime_type.partition("/")[0],
        "mime_type": content.mime_type,
        "size_bytes": len(content.data),
        "content_hash": f"sha256:{content.sha256}",
        "metadata": {"ingestion_status": "COMPLETED"},
        **taxonomy_results(draft.decisions),
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
    collection = draft.outcome.ingest.collection
    earlier = [] if draft.stored is None else draft.stored.internal.get("processing", {}).get("history", [])
    entry: JsonObject = {
        "at": draft.now,
        "extractor": collection.extractor,
        "model": collection.model,
        "duration_ms": round(draft.outcome.extracted.milliseconds, 1),
    }
    for decision in draft.decisions[:1]:
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
