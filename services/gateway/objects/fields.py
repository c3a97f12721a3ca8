"""The fields of an object: at the root, in `metadata`, and on its blobs; one flat map inside."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.common.errors import InvalidArgumentError
from services.gateway.kit.shapes import JsonObject
from services.gateway.objects.shapes import BlobForm, ObjectCreate, ObjectPatch

RESERVED = frozenset(
    {
        "object_id",
        "bucket_id",
        "namespace_id",
        "status",
        "error",
        "blobs",
        "created_at",
        "updated_at",
        "document_count",
        "consistency",
        "source_details",
        "idempotency_key",
        "presigned_url",
    }
)
OPTIONS = frozenset({"canonicalize_source", "force_remirror", "edges"})
SWITCH = "auto_process"


def created_fields(form: ObjectCreate, schema: Mapping[str, Any]) -> JsonObject:
    """The fields of a new object; the root beats `metadata`, which beats a blob's `metadata`."""
    root = _root_fields(form.extra(), schema)
    return _promoted(form.blobs) | (form.metadata or {}) | root


def patched_fields(form: ObjectPatch, schema: Mapping[str, Any]) -> JsonObject:
    """The fields that a patch sets, null ones included."""
    return (form.metadata or {}) | _root_fields(form.extra(), schema)


def _promoted(blobs: Sequence[BlobForm]) -> JsonObject:
    promoted: JsonObject = {}
    for blob in blobs:
        promoted = (blob.metadata or {}) | promoted
    return promoted


def _root_fields(extra: JsonObject, schema: Mapping[str, Any]) -> JsonObject:
    declared = schema.get("properties") or {}
    for name in extra:
        if name in RESERVED:
            raise InvalidArgumentError(f"'{name}' is set by the server; choose another name.", path=f"body.{name}")
        if name == SWITCH and name not in declared:
            raise InvalidArgumentError(f"Send {SWITCH} in the query: '?{SWITCH}=false'.", path=f"body.{name}")
    return {name: value for name, value in extra.items() if name not in OPTIONS or name in declared}
