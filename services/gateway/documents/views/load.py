"""Documents with their blobs and vectors, as answers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from services.gateway.documents.store import Vectors, get_documents, vectors_of
from services.gateway.documents.views.evidence import current_labels, stale_fields
from services.gateway.documents.views.row_view import to_document
from services.gateway.documents.views.selection import EXPANDED, references, resolved, selected
from services.gateway.kit.context import Tenant
from services.gateway.kit.shapes import JsonObject
from services.gateway.objects.blobs.links import links_to
from services.gateway.objects.blobs.store import files_of


@dataclass(frozen=True, kw_only=True)
class View:
    """What to show of documents; `vector_names` None means all of them, `select` None everything."""

    presigned: bool = False
    vectors: bool = False
    vector_names: Collection[str] | None = None
    select: Sequence[str] | None = None
    expand: Sequence[str] = ()


async def shown(tenant: Tenant, rows: Sequence[asyncpg.Record], view: View) -> list[JsonObject]:
    """Each row as the contract's document, as much of it as the view says."""
    vectors: Mapping[str, Vectors] = {}
    if view.vectors:
        ids = [row["document_id"] for row in rows]
        vectors = await vectors_of(tenant.gateway.pool, ids, view.vector_names)
    documents = await _documents(tenant, rows, vectors, presigned=view.presigned)
    if view.expand:
        await _expand(tenant, documents, view.expand)
    if view.select is None:
        return documents
    return [
        selected(document, [*view.select, *vectors.get(document["document_id"], ()), EXPANDED])
        for document in documents
    ]


async def _documents(
    tenant: Tenant, rows: Sequence[asyncpg.Record], vectors: Mapping[str, Vectors], *, presigned: bool
) -> list[JsonObject]:
    files = await files_of(tenant.gateway.pool, rows)
    labels = await current_labels(tenant.gateway.pool, rows)
    stale = await stale_fields(tenant.gateway.pool, [row["document_id"] for row in rows])
    links = None
    if presigned:
        links = await links_to(tenant, (file.blob for several in files.values() for file in several))
    return [
        to_document(
            {
                **row,
                "labels": labels.get(row["document_id"], row["labels"]),
                "stale": stale.get(row["document_id"], {}),
            },
            files[row["document_id"]],
            tenant.base_url,
            links,
            vectors.get(row["document_id"]),
        )
        for row in rows
    ]


async def _expand(tenant: Tenant, documents: Sequence[JsonObject], paths: Sequence[str]) -> None:
    """Adds the documents of this namespace whose ids stand in these fields."""
    wanted = references(documents, paths)
    rows = await get_documents(tenant.gateway.pool, tenant.namespace_id, sorted(wanted))
    found = await _documents(tenant, list(rows.values()), {}, presigned=False)
    known = {document["document_id"]: document for document in found}
    for document in documents:
        document[EXPANDED] = resolved(document, paths, known)
