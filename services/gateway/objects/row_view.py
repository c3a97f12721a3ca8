"""An object's row as the contract shows it: pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.common.extractors.passthrough import strip_root
from services.common.json.paths import overlap
from services.common.row_types import Blob
from services.gateway.kit.shapes import JsonObject
from services.gateway.objects.blobs.links import Links

SYSTEM = frozenset({"object_id", "bucket_id", "key_prefix", "blobs", "status", "error", "created_at", "updated_at"})
DONE = ("COMPLETED", "FAILED")


def with_fields(shown: JsonObject, wanted: Sequence[str]) -> JsonObject:
    """The object with those of the user's fields alone that are wanted, in any spelling."""
    paths = [strip_root(path) for path in wanted]
    names = {name for name in shown["metadata"] if any(overlap(name, path) for path in paths)}
    dropped = shown["metadata"].keys() - names - SYSTEM
    kept = {name: value for name, value in shown["metadata"].items() if name in names}
    return {name: value for name, value in shown.items() if name not in dropped} | {"metadata": kept}


def to_object(row: Mapping[str, Any], blobs: Sequence[Blob], links: Links | None = None) -> JsonObject:
    """An object; its fields stand at the root and in `metadata`."""
    return {
        **row["fields"],
        "object_id": row["object_id"],
        "bucket_id": row["bucket_id"],
        "key_prefix": row["key_prefix"],
        "blobs": [_blob(blob, links) for blob in blobs],
        "status": row["status"],
        "error": row["error"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "document_count": row["document_count"],
        "consistency": _consistency(row),
        "metadata": row["fields"],
    }


def _blob(blob: Blob, links: Links | None) -> JsonObject:
    return {
        "blob_id": blob.blob_id,
        "property": blob.property,
        "type": blob.type,
        "properties": {"url": blob.source_url} if blob.source_url else {},
        "details": {
            "filename": blob.filename,
            "size_bytes": blob.size_bytes,
            "mime_type": blob.mime_type,
            "hash": f"sha256:{blob.sha256}" if blob.sha256 else None,
        },
        "presigned_url": None if links is None else links[blob.blob_id],
    }


def _consistency(row: Mapping[str, Any]) -> JsonObject:
    poll = {
        "endpoint": f"/v1/buckets/{row['bucket_id']}/objects/{row['object_id']}",
        "field": "document_count",
        "ready_when": "> 0",
    }
    return {
        "retriever_visible": "after_processing",
        "write_token_available": False,
        "poll": None if row["status"] in DONE else poll,
    }
