"""Documents of a collection: what was made of its objects, with labels and their provenance."""

from typing import Annotated

from fastapi import Query

from services.common.database.resources import get_collection
from services.gateway.answers import JsonAnswer
from services.gateway.context import InNamespace, Tenant
from services.gateway.document_views import document_answers
from services.gateway.freshness import refresh_index
from services.gateway.listing import listed
from services.gateway.routing import routes_of
from services.gateway.shapes.base import Deleted
from services.gateway.shapes.documents import (
    Document,
    DocumentList,
    DocumentListBody,
    DocumentListQuery,
    DocumentQuery,
)
from services.gateway.store import documents
from services.gateway.store.tables import LIST_DOCUMENTS, SEARCH_DOCUMENTS

router = routes_of("Documents")
IN_COLLECTION = "/collections/{collection}/documents"


@router.get(IN_COLLECTION, response_model=DocumentList)
async def list_documents(
    collection: str, tenant: InNamespace, query: Annotated[DocumentListQuery, Query()]
) -> JsonAnswer:
    """Lists documents: filtered in any dialect, sorted by any field, ten a page."""
    return await _list(collection, tenant, query, None)


@router.post(f"{IN_COLLECTION}/list", response_model=DocumentList)
async def list_documents_by_body(
    collection: str,
    tenant: InNamespace,
    query: Annotated[DocumentListQuery, Query()],
    body: DocumentListBody | None = None,
) -> JsonAnswer:
    """Lists documents, as the optional body says."""
    return await _list(collection, tenant, query, body)


async def _list(identifier: str, tenant: Tenant, query: DocumentListQuery, body: DocumentListBody | None) -> JsonAnswer:
    collection = await get_collection(tenant.gateway.pool, tenant.namespace_id, identifier)
    found = await listed(
        tenant.gateway.pool,
        LIST_DOCUMENTS,
        query,
        body,
        where="d.collection_id = $1",
        values=(collection.collection_id,),
        search_sql=SEARCH_DOCUMENTS,
    )
    asked = body or DocumentListBody()
    results = await document_answers(
        tenant,
        found.page.rows,
        presigned=_switch(asked.return_presigned_urls, query.return_presigned_urls),
        vectors=_switch(asked.return_vectors, query.return_vectors),
    )
    pagination = found.pagination.model_dump()
    return JsonAnswer({"results": results, "pagination": pagination, "total_documents": found.page.total})


def _switch(in_body: bool | None, in_query: bool | None) -> bool:
    return bool(in_query if in_body is None else in_body)


@router.get(f"{IN_COLLECTION}/{{document_id}}", response_model=Document)
async def get_document(
    collection: str, document_id: str, tenant: InNamespace, query: Annotated[DocumentQuery, Query()]
) -> JsonAnswer:
    """One document of a collection."""
    found = await get_collection(tenant.gateway.pool, tenant.namespace_id, collection)
    return await _one(tenant, document_id, found.collection_id, query)


@router.get("/documents/{document_id}", response_model=Document)
async def get_any_document(
    document_id: str, tenant: InNamespace, query: Annotated[DocumentQuery, Query()]
) -> JsonAnswer:
    """One document of any collection of the namespace."""
    return await _one(tenant, document_id, None, query)


async def _one(tenant: Tenant, document_id: str, collection_id: str | None, query: DocumentQuery) -> JsonAnswer:
    row = await documents.get_document(tenant.gateway.pool, tenant.namespace_id, document_id, collection_id)
    answers = await document_answers(tenant, [row], presigned=query.return_presigned_urls, vectors=query.return_vectors)
    return JsonAnswer(answers[0])


@router.delete(f"{IN_COLLECTION}/{{document_id}}")
async def delete_document(collection: str, document_id: str, tenant: InNamespace) -> Deleted:
    """Deletes a document; its object stays."""
    gateway = tenant.gateway
    found = await get_collection(gateway.pool, tenant.namespace_id, collection)
    await documents.delete_document(gateway.pool, tenant.namespace_id, found.collection_id, document_id)
    await refresh_index(gateway, [document_id])
    return Deleted(message=f"Deleted document {document_id}.")
