"""A document as a row of an export. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.common.json.paths import value_at

JsonObject = dict[str, Any]
RESERVED = frozenset({"document_id", "collection_id", "taxonomy_match", "document_blobs", "_internal"})
LINEAGE = ("lineage_chain", "source_content_hash", "document_created_at")
ALWAYS = ("document_id", "collection_id")
LABEL = ("value", "source", "set_at", "score", "threshold", "model", "taxonomy_id", "taxonomy_version")
BLOB = ("role", "filename", "size_bytes")
SPREAD = ("_internal", "taxonomy_match")
"""What stands in columns of its own in a table; other objects, and lists, are one column of JSON."""


def row_of(document: Mapping[str, Any], *, lineage: bool, public_url: str) -> JsonObject:
    """A row: the document's fields at its root, and in `_internal` who set its labels and what they rest on."""
    fields = {name: value for name, value in document["fields"].items() if name not in RESERVED}
    row = {
        "document_id": document["document_id"],
        "collection_id": document["collection_id"],
        **fields,
        "taxonomy_match": document["taxonomy_match"],
        "document_blobs": [_blob(each, public_url) for each in document["files"] or []],
        "_internal": _internal(document),
    }
    return {**row, **_lineage(document)} if lineage else row


def _blob(file: Mapping[str, Any], public_url: str) -> JsonObject:
    return {
        "field": file["property"],
        **{name: file[name] for name in BLOB},
        "content_type": file["mime_type"],
        "checksum": f"sha256:{file['sha256']}" if file["sha256"] else None,
        "source_blob_id": file["blob_id"],
        "url": file["source_url"] or f"{public_url}/v1/blobs/{file['blob_id']}",
    }


def _internal(document: Mapping[str, Any]) -> JsonObject:
    stored = document["internal"]
    return {
        "created_at": document["created_at"].isoformat(),
        "updated_at": document["updated_at"].isoformat(),
        "modality": stored.get("modality"),
        "mime_type": stored.get("mime_type"),
        "content_hash": _content_hash(document),
        "lineage": {
            "root_object_id": document["object_id"],
            "root_bucket_id": document["bucket_id"],
            "source_document_id": document["source_document_id"],
        },
        "labels": {field: _label(entry) for field, entry in document["labels"].items()},
    }


def _label(entry: Mapping[str, Any]) -> JsonObject:
    """Who set a label, how sure they were, and the example that decided."""
    evidence: Sequence[Mapping[str, Any]] = entry.get("evidence") or [{}]
    return {**{name: entry.get(name) for name in LABEL}, "example": evidence[0].get("document_id")}


def _lineage(document: Mapping[str, Any]) -> JsonObject:
    lineage = document["internal"].get("lineage") or {}
    step = {"type": "bucket", "bucket_id": document["bucket_id"], "object_id": document["object_id"]}
    values = (lineage.get("chain") or [step], _content_hash(document), document["created_at"].isoformat())
    return dict(zip(LINEAGE, values, strict=True))


def _content_hash(document: Mapping[str, Any]) -> str | None:
    """The SHA-256 of the content that the document was made of, else of the first file of its object."""
    known: str | None = document["internal"].get("content_hash")
    files: Sequence[Mapping[str, Any]] = document["files"] or []
    first = next((each["sha256"] for each in files if each["role"] == "source" and each["sha256"]), None)
    return known or (f"sha256:{first}" if first else None)


def selected(row: Mapping[str, Any], paths: Sequence[str] | None) -> JsonObject:
    """The row with its ids, its lineage and what stands at these paths, each under the path that named it."""
    if paths is None:
        return dict(row)
    kept = {name: row[name] for name in (*ALWAYS, *LINEAGE) if name in row}
    missing = object()
    for path in paths:
        found = value_at(row, path.removeprefix("metadata."), missing)
        if found is not missing:
            kept[path] = found
    return kept


def spread(row: Mapping[str, Any]) -> JsonObject:
    """The row as the columns of a table: `_internal.labels.<field>.source` and such have one each."""
    columns: JsonObject = {}
    for name, value in row.items():
        if isinstance(value, dict) and name.partition(".")[0] in SPREAD:
            _spread(columns, name, value)
        else:
            columns[name] = value
    return columns


def _spread(columns: JsonObject, lead: str, holder: JsonObject) -> None:
    for name, value in holder.items():
        if isinstance(value, dict):
            _spread(columns, f"{lead}.{name}", value)
        else:
            columns[f"{lead}.{name}"] = value
