"""Worker values with sensible parts; a test names only what it is about."""

from datetime import UTC, datetime
from typing import Any

from services.common.row_types import Blob, Collection, Labeller, ObjectFields, StoredDocument
from services.worker.domain import Content, Decision, Embedding, Extracted, FieldValue, Ingest, Outcome, Part

LABEL = "product_label"


def blob(**changes: Any) -> Blob:
    """A stored blob for `image_url`."""
    values = {
        "blob_id": "blob_1",
        "position": 0,
        "property": "image_url",
        "type": "image",
        "source_url": None,
        "storage_key": "key",
        "filename": None,
        "mime_type": "image/jpeg",
        "size_bytes": 3,
        "sha256": "abc",
    }
    return Blob(**{**values, **changes})


def collection(**feature_extractor: Any) -> Collection:
    """A collection that reads `image_url` and passes the label through."""
    values = {"input_mappings": {"image": "image_url"}, "field_passthrough": [{"source_path": LABEL}]}
    return Collection(
        collection_id="col_1",
        namespace_id="ns_1",
        collection_name="products",
        bucket_ids=("bkt_1",),
        source_collection_ids=(),
        source={"type": "bucket", "bucket_ids": ["bkt_1"]},
        enabled=True,
        feature_extractor={**values, **feature_extractor},
        extractor="image_extractor@v1",
        model="fake",
        feature_uri="mixpeek://slot",
        dimensions=2,
    )


CONTENT = Content(blob=blob(), storage_key="key", mime_type="image/jpeg", size_bytes=3, sha256="abc")
LABELLER = Labeller(taxonomy_id="tax_1", label_fields=(LABEL,), inline=True)


def seen(human: dict[str, str] | None = None, /, **fields: Any) -> ObjectFields:
    """An object with these fields, some of them set by a person."""
    return ObjectFields(fields=fields, human_fields=human or {})


def ingest(**changes: Any) -> Ingest:
    """The ingest of an unlabelled object with one blob."""
    values: dict[str, Any] = {
        "object_id": "obj_1",
        "bucket_id": "bkt_1",
        "seen": seen(**{LABEL: None}),
        "collection": collection(),
        "labellers": (LABELLER,),
        "blobs": (blob(),),
        "status": "PENDING",
        "attempts": 0,
        "error": None,
        "begun": True,
        "begun_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return Ingest(**{**values, **changes})


def decision(value: str | None = "cat", confidence: float = 0.8) -> Decision:
    """A match, or without a value none."""
    return Decision(
        field=LABEL,
        matched=value is not None,
        confidence=confidence,
        threshold=0.3,
        value=value,
        source_document_id="" if value is None else "doc_example",
        evidence=({"document_id": "doc_example", "score": confidence},),
        taxonomy_id="tax_1",
        taxonomy_version=2,
        retriever_id="ret_1",
        values=(FieldValue(field=LABEL, value=value),),
    )


def stored(**changes: Any) -> StoredDocument:
    """A document of an earlier run."""
    values: dict[str, Any] = {"fields": {}, "labels": {}, "taxonomy_match": None, "internal": {}}
    return StoredDocument(**{**values, **changes})


def outcome(of: Ingest | None = None, decided: Decision | None = None, **part_fields: Any) -> Outcome:
    """An ingest that found one part."""
    part = Part(
        embeddings=(Embedding(feature_uri="mixpeek://slot", dimensions=2, vector=b"\x00\x3c\x00\x00"),),
        fields=part_fields,
        found_in=CONTENT,
    )
    extracted = Extracted(ingest=of or ingest(), contents=(CONTENT,), parts=(part,), milliseconds=12.34)
    return Outcome(extracted=extracted, decisions=((decided,) if decided else (),))
