"""Documents of a whole namespace, or of several of its collections."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from services.common.database.find_resources import find_row
from services.common.errors import LikenessError
from services.gateway.collections.unknown_field_warnings import collections_to_look_at
from services.gateway.documents.edits.shapes import BatchGet, BatchGot
from services.gateway.documents.lists import Asked, document_list
from services.gateway.documents.routes import ListedBy, OneBy, one
from services.gateway.documents.shapes import Document, DocumentList, DocumentListQuery, NamespaceListBody
from services.gateway.documents.store import get_documents
from services.gateway.documents.views.load import View, shown
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import JsonAnswer, routes_of
from services.gateway.kit.shapes import Answer, Form, JsonObject

router = routes_of("Documents", "/documents")


class BatchListQuery(Form):
    """One of several lists, under a key of the caller's."""

    key: Annotated[str, Field(min_length=1, max_length=128)]
    request: NamespaceListBody


class BatchList(Form):
    """BatchListDocumentsRequest."""

    queries: Annotated[list[BatchListQuery], Field(min_length=1, max_length=10)]


class BatchListResult(Answer):
    """The list under a key, or what is wrong with its request."""

    key: str
    response: DocumentList | None = None
    error: str | None = None


class BatchListed(Answer):
    """BatchListDocumentsResponse."""

    results: list[BatchListResult]


@router.get("", response_model=DocumentList)
async def list_all_documents(
    tenant: InNamespace,
    query: ListedBy,
    collection_ids: Annotated[list[str] | None, Query(max_length=1000)] = None,
    body: NamespaceListBody | None = None,
) -> JsonAnswer:
    """Lists the documents of the namespace, or of the collections named."""
    asked = body or NamespaceListBody()
    if asked.collection_ids is None:
        asked = asked.model_copy(update={"collection_ids": collection_ids})
    return JsonAnswer(await _list(tenant, query, asked))


@router.post("/list", response_model=DocumentList)
async def list_all_documents_by_body(
    tenant: InNamespace, query: ListedBy, body: NamespaceListBody | None = None
) -> JsonAnswer:
    """Lists the documents of the namespace, as the optional body says."""
    return JsonAnswer(await _list(tenant, query, body or NamespaceListBody()))


@router.post("/list/batch", response_model=BatchListed)
async def list_documents_in_batch(body: BatchList, tenant: InNamespace) -> JsonAnswer:
    """Up to ten lists in one call; each succeeds or fails by itself."""
    results = []
    for each in body.queries:
        try:
            found: JsonObject = {"response": await _list(tenant, DocumentListQuery(), each.request)}
        except LikenessError as error:
            found = {"error": error.message}
        results.append({"key": each.key, **found})
    return JsonAnswer({"results": results})


async def _list(tenant: Tenant, query: DocumentListQuery, body: NamespaceListBody) -> JsonObject:
    if body.collection_ids is None:
        within = await collections_to_look_at(tenant) if query.filters or body.filters else []
        values: tuple[object, ...] = (tenant.namespace_id,)
        asked = Asked(where="d.namespace_id = $1", values=values, query=query, body=body, collection_ids=within)
        return await document_list(tenant, asked)
    known, unknown = await _collections(tenant, body.collection_ids)
    where, values = "d.namespace_id = $1 AND d.collection_id = ANY($2)", (tenant.namespace_id, known)
    asked = Asked(where=where, values=values, query=query, body=body, collection_ids=known)
    found = await document_list(tenant, asked)
    return {**found, "unknown_collection_ids": unknown}


async def _collections(tenant: Tenant, identifiers: list[str]) -> tuple[list[str], list[str]]:
    """The ids of those collections that exist, and the identifiers of the others."""
    known, unknown = [], []
    for identifier in identifiers:
        row: Any = await find_row(tenant.gateway.pool, "collection", tenant.namespace_id, identifier)
        if row is None:
            unknown.append(identifier)
        else:
            known.append(row["collection_id"])
    return known, unknown


@router.post("/batch-get", response_model=BatchGot)
async def batch_get(body: BatchGet, tenant: InNamespace) -> JsonAnswer:
    """Up to 1,000 documents by id, in that order, and the ids that name none."""
    rows = await get_documents(tenant.gateway.pool, tenant.namespace_id, body.document_ids)
    wanted = list(dict.fromkeys(body.document_ids))
    found = [rows[each] for each in wanted if each in rows]
    documents = await shown(tenant, found, View(presigned=body.return_presigned_urls))
    return JsonAnswer({"documents": documents, "not_found": [each for each in wanted if each not in rows]})


@router.get("/{document_id}", response_model=Document)
async def read_any_document(document_id: str, tenant: InNamespace, query: OneBy) -> JsonAnswer:
    """One document of any collection of the namespace."""
    return await one(tenant, document_id, None, query)
