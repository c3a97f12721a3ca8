"""Documents with their blobs and vectors, as answers."""

from collections.abc import Sequence

import asyncpg

from services.gateway.context import Tenant
from services.gateway.links import links_to
from services.gateway.shapes.base import JsonObject
from services.gateway.shapes.document_answers import to_document
from services.gateway.store.blobs import blobs_of
from services.gateway.store.documents import vectors_of


async def document_answers(
    tenant: Tenant, rows: Sequence[asyncpg.Record], *, presigned: bool, vectors: bool
) -> list[JsonObject]:
    """Each row as the contract's document; `presigned` adds links to its blobs, `vectors` its embeddings."""
    pool = tenant.gateway.pool
    blobs = await blobs_of(pool, [row["object_id"] for row in rows])
    links = None
    if presigned:
        links = await links_to(tenant, (blob for several in blobs.values() for blob in several))
    found = await vectors_of(pool, [row["document_id"] for row in rows]) if vectors else {}
    return [
        to_document(dict(row), blobs.get(row["object_id"], []), tenant.base_url, links, found.get(row["document_id"]))
        for row in rows
    ]
