"""Namespaces: they belong to the organization, so no X-Namespace is read here."""

from typing import Annotated

from fastapi import Query

from services.common.database.bounded_reads import snapshot
from services.common.ids import new_id
from services.gateway.kit.context import Caller, Identified, Identity
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.lists.list_route import listed
from services.gateway.kit.lists.shapes import ListBody, ListQuery
from services.gateway.namespaces import store
from services.gateway.namespaces.shapes import (
    Namespace,
    NamespaceCreate,
    NamespaceDeleted,
    NamespaceList,
    NamespacePatch,
    NamespaceStats,
    StatsBatch,
    StatsRequest,
    to_namespace,
    to_stats,
)
from services.gateway.namespaces.store import LIST_NAMESPACES, SEARCH_NAMESPACES

router = routes_of("Namespaces", "/namespaces")
VISIBLE = "n.deleted_at IS NULL AND ($1::text[] IS NULL OR n.namespace_id = ANY($1))"
COUNT = f"SELECT count(*) FROM namespaces n WHERE {VISIBLE}"  # noqa: S608


async def _allowed(identity: Identity, identifier: str) -> str:
    """The id of a namespace that the key may use so."""
    namespace_id = await store.namespace_id_of(identity.gateway.pool, identifier)
    identity.require(namespace_id)
    return namespace_id


async def _read(identity: Identity, namespace_id: str) -> Namespace:
    [row] = await store.read_namespaces(identity.gateway.pool, [namespace_id])
    return to_namespace(row)


@router.post("")
async def create_namespace(form: NamespaceCreate, gateway: Caller) -> Namespace:
    """Creates a namespace: what is in it is seen only with its X-Namespace."""
    namespace_id = form.namespace_id or new_id("ns")
    values = {
        "namespace_id": namespace_id,
        "namespace_name": form.namespace_name,
        "description": form.description,
        "settings": form.stored(),
        "expires_at": None,
    }
    await store.create_namespace(gateway.pool, values | form.expiry())
    [row] = await store.read_namespaces(gateway.pool, [namespace_id])
    return to_namespace(row)


@router.get("")
async def list_namespaces(identity: Identified, query: Annotated[ListQuery, Query()]) -> NamespaceList:
    """Lists the namespaces that the key may use."""
    return await _list(identity, query, None)


@router.post("/list")
async def list_namespaces_by_body(
    identity: Identified, query: Annotated[ListQuery, Query()], body: ListBody | None = None
) -> NamespaceList:
    """Lists the namespaces that the key may use, as the optional body says."""
    return await _list(identity, query, body)


async def _list(identity: Identity, query: ListQuery, body: ListBody | None) -> NamespaceList:
    visible = identity.visible_namespaces()
    async with snapshot(identity.gateway.queries) as db:
        found = await listed(
            db,
            LIST_NAMESPACES,
            query,
            body,
            where=VISIBLE,
            values=(visible,),
            search_sql=SEARCH_NAMESPACES,
        )
        total = int(await db.fetchval(COUNT, visible))
    return NamespaceList(results=found.shaped(to_namespace), total_count=total, pagination=found.pagination)


@router.post("/stats/batch")
async def stats_of_namespaces(form: StatsRequest, identity: Identified) -> StatsBatch:
    """The counts of several namespaces, by id."""
    rows = await store.read_namespaces(identity.gateway.pool, form.namespace_ids)
    seen = [row for row in rows if identity.key.may(identity.permission, row["namespace_id"])]
    return StatsBatch(stats={row["namespace_id"]: to_stats(row) for row in seen})


@router.get("/{namespace}")
async def get_namespace(namespace: str, identity: Identified) -> Namespace:
    """One namespace, by id or name."""
    return await _read(identity, await _allowed(identity, namespace))


@router.get("/{namespace}/stats")
async def get_namespace_stats(namespace: str, identity: Identified) -> NamespaceStats:
    """What is in a namespace, counted."""
    [row] = await store.read_namespaces(identity.gateway.pool, [await _allowed(identity, namespace)])
    return to_stats(row)


@router.patch("/{namespace}")
@router.put("/{namespace}")
async def update_namespace(namespace: str, form: NamespacePatch, identity: Identified) -> Namespace:
    """Changes what is given; a new name holds at once."""
    namespace_id = await _allowed(identity, namespace)
    await store.update_namespace(identity.gateway.pool, namespace_id, form.columns(), form.stored())
    identity.gateway.tenants.forget()
    return await _read(identity, namespace_id)


@router.delete("/{namespace}")
async def delete_namespace(namespace: str, identity: Identified, force: bool = False) -> NamespaceDeleted:
    """Hides a namespace at once and deletes everything in it as a task; 409 while batches or tasks run in it.

    A deleted `default` namespace is replaced by an empty one.
    """
    namespace_id = await _allowed(identity, namespace)
    deleted = await _read(identity, namespace_id)
    task_id = await store.delete_namespace(identity.gateway.pool, namespace_id, force=force)
    identity.gateway.tenants.forget()
    return NamespaceDeleted(
        task_id=task_id,
        namespace_id=namespace_id,
        namespace_name=deleted.namespace_name,
        message=f"Deleting namespace {deleted.namespace_name}; GET /v1/tasks/{task_id} tells when it is done.",
    )
