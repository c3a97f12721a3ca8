"""Documents of a collection: what was made of its objects, with labels and their provenance."""

import re
from typing import Annotated

from fastapi import Query

from services.common.database.find_resources import get_collection
from services.gateway.documents.lists import Asked, document_list
from services.gateway.documents.shapes import Document, DocumentList, DocumentListBody, DocumentListQuery, DocumentQuery
from services.gateway.documents.store import get_document
from services.gateway.documents.views.load import View, shown
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import JsonAnswer, routes_of
from services.gateway.kit.shapes import JsonObject

router = routes_of("Documents")
IN_COLLECTION = "/collections/{collection}/documents"
# The database looks for the collection once, before anything else; no document of another namespace is read.
OF_ONE = """d.collection_id = $1
    AND EXISTS (SELECT FROM collections WHERE collection_id = $1 AND namespace_id = $2)"""
LIKE_AN_ID = re.compile(r"col_[a-zA-Z0-9_]{1,100}")
ListedBy = Annotated[DocumentListQuery, Query()]
OneBy = Annotated[DocumentQuery, Query()]


@router.get(IN_COLLECTION, response_model=DocumentList)
async def list_documents(
    collection: str, tenant: InNamespace, query: ListedBy, body: DocumentListBody | None = None
) -> JsonAnswer:
    """Lists documents: filtered in any dialect, sorted by any field, ten a page. The optional body beats the query."""
    return await _list(collection, tenant, query, body)


@router.post(f"{IN_COLLECTION}/list", response_model=DocumentList)
async def list_documents_by_body(
    collection: str, tenant: InNamespace, query: ListedBy, body: DocumentListBody | None = None
) -> JsonAnswer:
    """Lists documents, as the optional body says."""
    return await _list(collection, tenant, query, body)


async def _list(identifier: str, tenant: Tenant, query: DocumentListQuery, body: DocumentListBody | None) -> JsonAnswer:
    """An id whose list is not empty is one of a collection; a name, or what may be none, is looked up first."""
    if LIKE_AN_ID.fullmatch(identifier):
        found = await _documents_of(identifier, tenant, query, body)
        if found["results"] or found.get("groups"):
            return JsonAnswer(found)
    collection = await get_collection(tenant.gateway.pool, tenant.namespace_id, identifier)
    return JsonAnswer(await _documents_of(collection.collection_id, tenant, query, body))


async def _documents_of(
    collection_id: str, tenant: Tenant, query: DocumentListQuery, body: DocumentListBody | None
) -> JsonObject:
    values = (collection_id, tenant.namespace_id)
    asked = Asked(
        where=OF_ONE, values=values, query=query, body=body or DocumentListBody(), collection_ids=[collection_id]
    )
    return await document_list(tenant, asked)


@router.get(f"{IN_COLLECTION}/{{document_id}}", response_model=Document)
async def read_document(collection: str, document_id: str, tenant: InNamespace, query: OneBy) -> JsonAnswer:
    """One document of a collection."""
    found = await get_collection(tenant.gateway.pool, tenant.namespace_id, collection)
    return await one(tenant, document_id, found.collection_id, query)


async def one(tenant: Tenant, document_id: str, collection_id: str | None, query: DocumentQuery) -> JsonAnswer:
    """The answer for one document."""
    return JsonAnswer(await shown_one(tenant, document_id, collection_id, query))


async def shown_one(tenant: Tenant, document_id: str, collection_id: str | None, query: DocumentQuery) -> JsonObject:
    """One document as the query wants it."""
    row = await get_document(tenant.gateway.pool, tenant.namespace_id, document_id, collection_id)
    view = View(
        presigned=query.return_presigned_urls,
        vectors=query.return_vectors or bool(query.return_vector_names),
        vector_names=query.return_vector_names or None,
        expand=query.expand or (),
    )
    return (await shown(tenant, [row], view))[0]
