"""What a document tells of itself: where it comes from, how and when it was made, what the taxonomy found."""

from services.common.row_types import StoredDocument
from services.worker.domain import Content, Decision, Extracted, Ingest, JsonObject, Part
from services.worker.labels.merged_answers import not_judged, taxonomy_lineage, taxonomy_results

HISTORY = 20
Decisions = tuple[Decision, ...]


def internal_of(
    extracted: Extracted, part: Part, decisions: Decisions, stored: StoredDocument | None, now: str
) -> JsonObject:
    """The `_internal` of a document, without what the database keeps in columns."""
    content = part.found_in
    return {
        "lineage": _lineage(extracted.ingest, content),
        "processing": {
            "history": _history(extracted, decisions, stored, now),
            "taxonomy_lineage": taxonomy_lineage(decisions),
            **_open(decisions),
        },
        "source_blobs": _source_blobs(content),
        "metadata": {"ingestion_status": "COMPLETED"},
        **_about(content),
        **_without_embedding(part),
        **taxonomy_results(decisions),
        **_kept(stored),
    }


def _open(decisions: Decisions) -> JsonObject:
    reasons = not_judged(decisions)
    return {"not_judged": reasons} if reasons else {}


def _without_embedding(part: Part) -> JsonObject:
    obstacle = part.obstacle
    return {} if obstacle is None else {"no_embedding": {"reason": obstacle.reason, "message": obstacle.message}}


def _kept(stored: StoredDocument | None) -> JsonObject:
    """What clusters wrote into the document before."""
    known = {} if stored is None else stored.internal
    return {"clusters": known["clusters"]} if "clusters" in known else {}


def _about(content: Content) -> JsonObject:
    if content.sha256 is None:
        return {}
    return {
        "modality": None if content.mime_type is None else content.mime_type.partition("/")[0],
        "mime_type": content.mime_type,
        "size_bytes": content.size_bytes,
        "content_hash": f"sha256:{content.sha256}",
    }


def _lineage(ingest: Ingest, content: Content) -> JsonObject:
    object_id, bucket_id = ingest.object_id, ingest.bucket_id
    root = {"root_object_id": object_id, "root_bucket_id": bucket_id, "source_object_id": object_id}
    name, source = ingest.collection.collection_id, content.source
    if source is None:
        step = {"type": "bucket", "bucket_id": bucket_id, "object_id": object_id}
        return {**root, "source_type": "bucket", "path": f"{bucket_id}/{name}", "chain": [step]}
    step = {"type": "collection", "collection_id": source.collection_id, "document_id": source.document_id}
    return {
        **root,
        "source_type": "collection",
        "source_collection_id": source.collection_id,
        "source_document_id": source.document_id,
        "path": f"{source.lineage.get('path', source.collection_id)}/{name}",
        "chain": [*source.lineage.get("chain", []), step],
    }


def _history(extracted: Extracted, decisions: Decisions, stored: StoredDocument | None, now: str) -> list[JsonObject]:
    collection = extracted.ingest.collection
    earlier = [] if stored is None else stored.internal.get("processing", {}).get("history", [])
    entry: JsonObject = {
        "at": now,
        "extractor": collection.extractor,
        "model": collection.model,
        "duration_ms": round(extracted.milliseconds, 1),
    }
    for decision in decisions[:1]:
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
