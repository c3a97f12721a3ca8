"""Namespaces: the same for every caller, so no X-Namespace is read here."""

from typing import Annotated

import asyncpg
from fastapi import Query

from services.common.database.namespaces import find_namespace
from services.common.errors import NotFoundError
from services.common.ids import new_id
from services.gateway.context import Caller
from services.gateway.gateway import Gateway
from services.gateway.listing import listed
from services.gateway.routing import routes_of
from services.gateway.shapes.namespaces import Namespace, NamespaceCreate, NamespaceList, to_namespace
from services.gateway.shapes.pages import ListBody, ListQuery
from services.gateway.store.buckets import taken
from services.gateway.store.tables import LIST_NAMESPACES, NAMESPACE_COLUMNS, SEARCH_NAMESPACES

router = routes_of("Namespaces", "/namespaces")
FIND = f"SELECT {NAMESPACE_COLUMNS} FROM namespaces n WHERE n.namespace_id = $1"  # noqa: S608


@router.post("")
async def create_namespace(form: NamespaceCreate, gateway: Caller) -> Namespace:
    """Creates a namespace: what is in it is seen only with its X-Namespace."""
    namespace_id = form.namespace_id or new_id("ns")
    try:
        await gateway.pool.execute(
            "INSERT INTO namespaces (namespace_id, namespace_name, description) VALUES ($1, $2, $3)",
            namespace_id,
            form.namespace_name,
            form.description,
        )
    except asyncpg.UniqueViolationError as error:
        raise taken("namespace", form.namespace_name) from error
    return await _read(gateway, namespace_id)


async def _read(gateway: Gateway, identifier: str) -> Namespace:
    found = await find_namespace(gateway.pool, identifier)
    row = None if found is None else await gateway.pool.fetchrow(FIND, found["namespace_id"])
    if row is None:
        raise NotFoundError(f"No namespace '{identifier}'.", resource="namespace", id=identifier)
    return to_namespace(row)


@router.get("")
async def list_namespaces(gateway: Caller, query: Annotated[ListQuery, Query()]) -> NamespaceList:
    """Lists namespaces."""
    return await _list(gateway, query, None)


@router.post("/list")
async def list_namespaces_by_body(
    gateway: Caller, query: Annotated[ListQuery, Query()], body: ListBody | None = None
) -> NamespaceList:
    """Lists namespaces, as the optional body says."""
    return await _list(gateway, query, body)


async def _list(gateway: Gateway, query: ListQuery, body: ListBody | None) -> NamespaceList:
    found = await listed(
        gateway.pool, LIST_NAMESPACES, query, body, where="TRUE", values=(), search_sql=SEARCH_NAMESPACES
    )
    total = int(await gateway.pool.fetchval("SELECT count(*) FROM namespaces"))
    return NamespaceList(results=found.shaped(to_namespace), total_count=total, pagination=found.pagination)


@router.get("/{namespace}")
async def get_namespace(namespace: str, gateway: Caller) -> Namespace:
    """One namespace, by id or name."""
    return await _read(gateway, namespace)
