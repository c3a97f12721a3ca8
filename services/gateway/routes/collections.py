"""Collections: an extractor over a bucket, and the taxonomy that labels what comes out."""

from typing import Annotated

from fastapi import Query, Request, Response

from services.common.database.outbox import record_event
from services.common.database.resources import get_collection
from services.gateway.application_plans import plan_applications
from services.gateway.collection_plans import plan_collection, retriever_id_of
from services.gateway.context import InAnyNamespace, InNamespace, Tenant
from services.gateway.listing import count_of, listed, unresolved
from services.gateway.routing import routes_of
from services.gateway.shapes.collection_answers import to_collection
from services.gateway.shapes.collections import (
    Collection,
    CollectionCreate,
    CollectionDeleted,
    CollectionList,
    CollectionPatch,
)
from services.gateway.shapes.pages import ListBody, ListQuery, Pagination
from services.gateway.store import collections
from services.gateway.store.applications import set_applications
from services.gateway.store.tables import LIST_COLLECTIONS, SEARCH_COLLECTIONS

router = routes_of("Collections", "/collections")


@router.post("")
async def create_collection(form: CollectionCreate, tenant: InNamespace) -> Collection:
    """Creates a collection and pins the model that serves its slot; `warnings` says when it is a stand-in."""
    collection_id = await collections.create_collection(tenant.gateway.pool, await plan_collection(tenant, form))
    return await _read(tenant, collection_id)


async def _read(tenant: Tenant, identifier: str) -> Collection:
    return to_collection(await collections.read_collection(tenant.gateway.pool, tenant.namespace_id, identifier))


@router.get("")
async def list_collections(
    tenant: InAnyNamespace, query: Annotated[ListQuery, Query()], request: Request, response: Response
) -> CollectionList:
    """Lists collections."""
    return await _list(tenant, query, None, request, response)


@router.post("/list")
async def list_collections_by_body(
    tenant: InAnyNamespace,
    query: Annotated[ListQuery, Query()],
    request: Request,
    response: Response,
    body: ListBody | None = None,
) -> CollectionList:
    """Lists collections, as the optional body says."""
    return await _list(tenant, query, body, request, response)


async def _list(
    tenant: Tenant | None, query: ListQuery, body: ListBody | None, request: Request, response: Response
) -> CollectionList:
    if tenant is None:
        warnings = unresolved(response, request.headers["x-namespace"])
        return CollectionList(results=[], total_count=0, pagination=Pagination(), warnings=warnings)
    found = await listed(
        tenant.gateway.pool,
        LIST_COLLECTIONS,
        query,
        body,
        where="c.namespace_id = $1",
        values=(tenant.namespace_id,),
        search_sql=SEARCH_COLLECTIONS,
    )
    total = await count_of(tenant.gateway.pool, "collections", tenant.namespace_id)
    return CollectionList(results=found.shaped(to_collection), total_count=total, pagination=found.pagination)


@router.get("/{collection}")
async def get_collection_(collection: str, tenant: InNamespace) -> Collection:
    """One collection, by id, name or `col_<name>`."""
    return await _read(tenant, collection)


@router.patch("/{collection}")
@router.put("/{collection}")
async def update_collection(collection: str, form: CollectionPatch, tenant: InNamespace) -> Collection:
    """Changes what is given; a changed taxonomy gets a new version and holds for what is uploaded from now on."""
    pool = tenant.gateway.pool
    collection_id = (await get_collection(pool, tenant.namespace_id, collection)).collection_id
    named = form.taxonomy.retriever_id if form.taxonomy else None
    retriever_id = await retriever_id_of(tenant, named) if named else None
    inline = await pool.fetchval("SELECT taxonomy_id FROM taxonomies WHERE collection_id = $1", collection_id)
    applications = await plan_applications(tenant, form.taxonomy_applications, form.retriever_enrichments, inline)
    async with pool.acquire() as connection, connection.transaction():
        await collections.update_collection(
            connection, collection_id, form.collection_name, form.description, form.metadata or {}
        )
        if form.taxonomy is not None:
            taxonomy = form.taxonomy
            await collections.update_taxonomy(
                connection,
                collection_id,
                threshold=taxonomy.confidence_threshold,
                references=taxonomy.reference_labels,
                retriever=retriever_id,
                options=taxonomy.options(),
            )
        await set_applications(connection, collection_id, applications)
        await record_event(connection, tenant.namespace_id, "collection.updated", collection_id)
    return await _read(tenant, collection_id)


@router.delete("/{collection}")
async def delete_collection(collection: str, tenant: InNamespace) -> CollectionDeleted:
    """Deletes a collection with its documents; its objects stay."""
    found = await get_collection(tenant.gateway.pool, tenant.namespace_id, collection)
    await collections.delete_collection(tenant.gateway.pool, tenant.namespace_id, found.collection_id)
    return CollectionDeleted(message=f"Deleted collection {found.collection_name}.", collection_id=found.collection_id)
