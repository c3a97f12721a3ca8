"""Collections: an extractor over a bucket, and the taxonomy that labels what comes out."""

from typing import Annotated

from fastapi import Query, Request, Response

from services.common.database.bounded_reads import snapshot
from services.common.database.find_resources import get_collection
from services.gateway.collections import store
from services.gateway.collections.changes import change_collection
from services.gateway.collections.clones import cloned_form
from services.gateway.collections.extractors.features import CollectionFeatures, to_features
from services.gateway.collections.labelling.warnings import with_warnings
from services.gateway.collections.lists import LIST_COLLECTIONS, SEARCH_COLLECTIONS
from services.gateway.collections.plans import plan_collection
from services.gateway.collections.shapes import (
    Collection,
    CollectionClone,
    CollectionCloned,
    CollectionCreate,
    CollectionDeleted,
    CollectionList,
    CollectionPatch,
)
from services.gateway.collections.unknown_field_warnings import unknown_in_sources
from services.gateway.collections.views import to_collection
from services.gateway.kit.affected import affected_by
from services.gateway.kit.context import InAnyNamespace, InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.index_refresh import refresh_index
from services.gateway.kit.lists.list_route import count_of, listed, unresolved
from services.gateway.kit.lists.shapes import ListBody, ListQuery, Pagination
from services.gateway.kit.rows.dependents import dependents_of
from services.gateway.kit.unknown_field_warnings import sentences

router = routes_of("Collections", "/collections")


@router.post("")
async def create_collection(form: CollectionCreate, tenant: InNamespace) -> Collection:
    """Creates a collection and pins the model that serves its slot; `warnings` says when it is a stand-in."""
    collection_id = await store.create_collection(tenant.gateway.pool, await plan_collection(tenant, form))
    made = await _read(tenant, collection_id)
    filters = (made.source.source_filters or {}).get("filters")
    unknown = await unknown_in_sources(tenant, made.source.bucket_ids or [], made.source.collection_ids or [], filters)
    return made.model_copy(update={"warnings": [*made.warnings, *sentences(unknown)]})


async def _read(tenant: Tenant, identifier: str) -> Collection:
    row = await store.read_collection(tenant.gateway.pool, tenant.namespace_id, identifier)
    return (await with_warnings(tenant, [to_collection(row)]))[0]


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
    async with snapshot(tenant.gateway.queries) as db:
        found = await listed(
            db,
            LIST_COLLECTIONS,
            query,
            body,
            where="c.namespace_id = $1",
            values=(tenant.namespace_id,),
            search_sql=SEARCH_COLLECTIONS,
        )
        total = await count_of(db, "collections", tenant.namespace_id)
    results = await with_warnings(tenant, found.shaped(to_collection))
    return CollectionList(results=results, total_count=total, pagination=found.pagination)


@router.get("/{collection}")
async def get_collection_(collection: str, tenant: InNamespace) -> Collection:
    """One collection, by id, name or `col_<name>`."""
    return await _read(tenant, collection)


@router.get("/{collection}/features")
async def get_features(collection: str, tenant: InNamespace) -> CollectionFeatures:
    """The features of a collection's documents: what a search can compare."""
    return to_features(await store.read_collection(tenant.gateway.pool, tenant.namespace_id, collection))


@router.patch("/{collection}")
@router.put("/{collection}")
async def update_collection(collection: str, form: CollectionPatch, tenant: InNamespace) -> Collection:
    """Changes what is given; a changed taxonomy gets a new version and holds for what is uploaded from now on."""
    row = await store.read_collection(tenant.gateway.pool, tenant.namespace_id, collection)
    to_come = await change_collection(tenant, row, form)
    changed = await _read(tenant, row["collection_id"])
    return changed.model_copy(update={"warnings": [*changed.warnings, *to_come]})


@router.post("/{collection}/clone")
async def clone_collection(collection: str, form: CollectionClone, tenant: InNamespace) -> CollectionCloned:
    """A new collection like this one but for what is given; it has no documents until it is triggered."""
    row = await store.read_collection(tenant.gateway.pool, tenant.namespace_id, collection)
    plan = await plan_collection(tenant, cloned_form(row, form))
    collection_id = await store.create_collection(tenant.gateway.pool, plan)
    return CollectionCloned(collection=await _read(tenant, collection_id), source_collection_id=row["collection_id"])


@router.delete("/{collection}")
async def delete_collection(collection: str, tenant: InNamespace) -> CollectionDeleted:
    """Deletes a collection with its documents; its objects stay."""
    found = await get_collection(tenant.gateway.pool, tenant.namespace_id, collection)
    pool = tenant.gateway.pool
    warnings = await dependents_of(pool, tenant.namespace_id, "collection", found.collection_id, found.collection_name)
    deleted = await store.delete_collection(pool, tenant.namespace_id, found.collection_id)
    await refresh_index(tenant.gateway, deleted.document_ids)
    return CollectionDeleted(
        message=f"Deleted collection {found.collection_name}.",
        collection_id=found.collection_id,
        warnings=warnings,
        **await affected_by(tenant.gateway, deleted.affected),
    )
