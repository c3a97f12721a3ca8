"""Lineage: why a document is there, and what an object became."""

from collections.abc import Sequence
from datetime import UTC
from typing import Annotated

import asyncpg
from fastapi import Query

from services.common.database.bounded_reads import snapshot
from services.common.database.find_resources import find_row, get_collection
from services.gateway.documents.lineage import store
from services.gateway.documents.lineage.shapes import (
    DocumentLineage,
    Lineage,
    LineageStep,
    ObjectDocuments,
    Tree,
    nodes_of,
)
from services.gateway.documents.routes import IN_COLLECTION
from services.gateway.documents.shapes import Document
from services.gateway.documents.store import get_document
from services.gateway.documents.views.load import View, shown
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import JsonAnswer, routes_of

router = routes_of("Lineage")
ONE = f"{IN_COLLECTION}/{{document_id}}"


@router.get(f"{ONE}/lineage")
async def document_lineage(collection: str, document_id: str, tenant: InNamespace) -> DocumentLineage:
    """The way from the object to a document, and the provenance of its labels."""
    row = await _document(tenant, collection, document_id)
    chain = await store.ancestors(tenant.gateway.pool, document_id)
    steps = [_step(each) for each in chain]
    return DocumentLineage(
        document_id=document_id,
        collection_id=row["collection_id"],
        lineage=_lineage(row, steps),
        depth=len(steps),
        total_steps=len(steps),
        labels=row["labels"],
    )


def _lineage(row: asyncpg.Record, steps: Sequence[LineageStep]) -> Lineage:
    source = steps[-2] if len(steps) > 1 else None
    said = row["internal"].get("lineage") or {}
    return Lineage(
        root_object_id=row["object_id"],
        root_bucket_id=row["bucket_id"],
        source_type="collection" if source else str(said.get("source_type") or "bucket"),
        source_object_id=None if source else row["object_id"],
        source_document_id=source.document_id if source else None,
        source_collection_id=source.collection_id if source else None,
        lineage_chain=list(steps),
    )


def _step(row: asyncpg.Record) -> LineageStep:
    return LineageStep(
        collection_id=row["collection_id"],
        feature_extractor_id=row["extractor"].replace("@", "_"),
        document_id=row["document_id"],
        timestamp=row["created_at"].astimezone(UTC).isoformat(),
    )


async def _document(tenant: Tenant, collection: str, document_id: str) -> asyncpg.Record:
    found = await get_collection(tenant.gateway.pool, tenant.namespace_id, collection)
    return await get_document(tenant.gateway.pool, tenant.namespace_id, document_id, found.collection_id)


@router.get(f"{ONE}/ancestors", response_model=list[Document])
async def document_ancestors(collection: str, document_id: str, tenant: InNamespace) -> JsonAnswer:
    """The documents that a document was made from, the first one first."""
    await _document(tenant, collection, document_id)
    rows = await store.ancestors(tenant.gateway.pool, document_id)
    return JsonAnswer(await shown(tenant, rows[:-1], View()))


@router.get(f"{ONE}/descendants", response_model=list[Document])
async def document_descendants(collection: str, document_id: str, tenant: InNamespace) -> JsonAnswer:
    """What was made from a document, and from that in turn; 10,000 documents at most."""
    await _document(tenant, collection, document_id)
    return JsonAnswer(await shown(tenant, await store.descendants(tenant.gateway.pool, document_id), View()))


@router.get("/objects/{object_id}/documents", response_model=ObjectDocuments)
async def documents_of_object(
    object_id: str,
    tenant: InNamespace,
    collection_ids: Annotated[list[str] | None, Query(max_length=1000)] = None,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> JsonAnswer:
    """The documents made of an object, in all collections or in those named."""
    pool, namespace_id = tenant.gateway.pool, tenant.namespace_id
    row = await store.find_object(pool, namespace_id, object_id)
    wanted = await _collections(tenant, collection_ids)
    async with snapshot(tenant.gateway.queries, "query") as db:
        counts = await store.counts_of(db, namespace_id, object_id, wanted)
        rows = await store.documents_of(db, namespace_id, object_id, wanted, offset=offset, limit=limit)
    return JsonAnswer(
        {
            "object_id": object_id,
            "bucket_id": row["bucket_id"],
            "total_documents": sum(counts.values()),
            "documents_by_collection": counts,
            "documents": await shown(tenant, rows, View()),
        }
    )


async def _collections(tenant: Tenant, identifiers: list[str] | None) -> list[str] | None:
    if identifiers is None:
        return None
    rows = [
        await find_row(tenant.gateway.pool, "collection", tenant.namespace_id, identifier) for identifier in identifiers
    ]
    return [row["collection_id"] for row in rows if row is not None]


@router.get("/objects/{object_id}/decomposition-tree")
async def decomposition_tree(object_id: str, tenant: InNamespace, include_document_ids: bool = False) -> Tree:
    """What was made of an object, collection by collection, from tier to tier."""
    row = await store.find_object(tenant.gateway.pool, tenant.namespace_id, object_id)
    rows = await store.tree_of(tenant.gateway.pool, tenant.namespace_id, object_id)
    return Tree(
        object_id=object_id,
        bucket_id=row["bucket_id"],
        total_documents=sum(each["count"] for each in rows),
        total_collections=len({each["collection_id"] for each in rows}),
        tree=nodes_of(rows, None, ids=include_document_ids),
    )
