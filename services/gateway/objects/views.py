"""Objects with their blobs, as answers."""

from collections.abc import Sequence

import asyncpg

from services.gateway.kit.context import Tenant
from services.gateway.kit.shapes import JsonObject
from services.gateway.objects.blobs.links import links_to
from services.gateway.objects.blobs.store import blobs_of
from services.gateway.objects.creation.store import Created, NewObject
from services.gateway.objects.row_view import to_object
from services.gateway.objects.store import idle_objects, notes_of, read_object
from services.gateway.objects.warnings import Idle, with_notes, with_warning


async def object_answers(
    tenant: Tenant, rows: Sequence[asyncpg.Record], *, presigned: bool = False
) -> list[JsonObject]:
    """Each row as the contract's object; `presigned` adds links to its blobs."""
    blobs = await blobs_of(tenant.gateway.pool, [row["object_id"] for row in rows])
    links = None
    if presigned:
        links = await links_to(tenant, (blob for several in blobs.values() for blob in several))
    idle = await idle_objects(tenant.gateway.pool, rows)
    notes = await notes_of(tenant.gateway.pool, rows)
    shown = {row["object_id"]: to_object(dict(row), blobs.get(row["object_id"], []), links) for row in rows}
    return [with_notes(with_warning(each, idle.get(key)), notes.get(key, ())) for key, each in shown.items()]


async def object_answer(tenant: Tenant, bucket_id: str, object_id: str, *, presigned: bool = False) -> JsonObject:
    """One object as it is now."""
    row = await read_object(tenant.gateway.pool, bucket_id, object_id)
    return (await object_answers(tenant, [row], presigned=presigned))[0]


def created_answer(new: NewObject, created: Created) -> JsonObject:
    """An object that has just been stored, without reading it back."""
    row = {
        "object_id": created.object_id,
        "bucket_id": new.bucket_id,
        "key_prefix": new.key_prefix,
        "fields": new.fields,
        "status": "PENDING",
        "error": None,
        "created_at": created.created_at,
        "updated_at": created.created_at,
        "document_count": 0,
    }
    why = (Idle.STORED_ONLY if not new.process else Idle.NO_COLLECTION) if created.is_idle else None
    return with_warning(to_object(row, created.blobs), why)
