"""A document's row as the contract shows it: pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.common.labels.human_labels import AUTO
from services.common.row_types import Blob
from services.gateway.kit.shapes import JsonObject
from services.gateway.objects.blobs.links import Links
from services.gateway.objects.blobs.store import File

SOURCE = "source"
RESERVED = frozenset({"document_id", "collection_id", "metadata", "taxonomy_match", "document_blobs", "_internal"})
DOCUMENT_TYPES = frozenset({"video", "image", "audio", "text", "pdf"})
NO_FILE: Mapping[str, Any] = {"type": "other", "content_type": None, "size_bytes": None, "checksum": None}


def to_document(
    row: Mapping[str, Any],
    files: Sequence[File],
    base_url: str,
    links: Links | None,
    vectors: Mapping[str, Sequence[float]] | None,
) -> JsonObject:
    """A document; `links` and `vectors` only when asked for. A file made of it is also the value of its field."""
    stored = row["fields"]
    fields = stored if RESERVED.isdisjoint(stored) else {name: stored[name] for name in stored if name not in RESERVED}
    shown = [_file(file, base_url, links) for file in files]
    made = {file["field"]: file.get("presigned_url", file["url"]) for file in shown if file["role"] != SOURCE}
    return {
        **fields,
        **made,
        **(vectors or {}),
        "document_id": row["document_id"],
        "collection_id": row["collection_id"],
        "metadata": stored,
        "taxonomy_match": row["taxonomy_match"],
        "document_blobs": shown,
        "_internal": _internal(row, shown),
    }


def _file(file: File, base_url: str, links: Links | None) -> JsonObject:
    blob = file.blob
    shown: JsonObject = {
        "field": blob.property,
        "role": file.role,
        "type": document_type(blob),
        "url": blob.source_url or f"{base_url}/v1/blobs/{blob.blob_id}",
        "filename": blob.filename,
        "size_bytes": blob.size_bytes,
        "content_type": blob.mime_type,
        "checksum": f"sha256:{blob.sha256}" if blob.sha256 else None,
        "source_blob_id": blob.blob_id,
    }
    return shown if links is None else {**shown, "presigned_url": links[blob.blob_id]}


def document_type(blob: Blob) -> str:
    """The kind of a blob by what it turned out to be, else by what it was said to be."""
    kind = "pdf" if blob.mime_type == "application/pdf" else (blob.mime_type or "").partition("/")[0]
    if kind in DOCUMENT_TYPES:
        return kind
    return blob.type if blob.type in DOCUMENT_TYPES else "other"


def _internal(row: Mapping[str, Any], shown: Sequence[JsonObject]) -> JsonObject:
    sources = [file for file in shown if file["role"] == SOURCE]
    first = sources[0] if sources else NO_FILE
    stored = row["internal"]
    return {
        "namespace_id": row["namespace_id"],
        "document_id": row["document_id"],
        "collection_id": row["collection_id"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "modality": first["type"],
        "mime_type": first["content_type"],
        "size_bytes": first["size_bytes"],
        "content_hash": first["checksum"],
        "source_blobs": sources,
        "document_blobs": shown,
        "metadata": {"ingestion_status": "COMPLETED"},
        "processing": {"history": [], "taxonomy_lineage": []},
        **stored,
        "lineage": {**_lineage(row), **(stored.get("lineage") or {})},
        "labels": row["labels"],
        **({"stale": row["stale"]} if row.get("stale") else {}),
        **_taxonomy_results(row["labels"]),
    }


def _lineage(row: Mapping[str, Any]) -> JsonObject:
    return {
        "root_object_id": row["object_id"],
        "root_bucket_id": row["bucket_id"],
        "source_type": "bucket",
        "source_object_id": row["object_id"],
        "path": f"{row['bucket_id']}/{row['collection_id']}",
        "chain": [],
    }


def _taxonomy_results(labels: Mapping[str, Any]) -> JsonObject:
    """`_taxonomy_<id>_label`, `_score` and `_id` (the document that decided) of each label that a taxonomy set."""
    results: JsonObject = {}
    for entry in labels.values():
        taxonomy_id = entry.get("taxonomy_id")
        if entry.get("source") != AUTO or not taxonomy_id:
            continue
        evidence = entry.get("evidence") or [{}]
        results[f"_taxonomy_{taxonomy_id}_label"] = entry.get("value")
        results[f"_taxonomy_{taxonomy_id}_score"] = entry.get("score")
        results[f"_taxonomy_{taxonomy_id}_id"] = evidence[0].get("document_id")
    return results
