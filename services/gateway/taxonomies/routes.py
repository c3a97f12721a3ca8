"""Taxonomies: flat ones, hierarchies, and the inline ones of collections."""

from typing import Annotated

import asyncpg
from fastapi import Query, Request, Response

from services.common.database.bounded_reads import snapshot
from services.gateway.collections.labelling.checks import labelling_faults
from services.gateway.collections.labelling.store import runs_of_taxonomy
from services.gateway.kit.context import InAnyNamespace, InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.lists.list_route import count_of, listed, unresolved
from services.gateway.kit.lists.shapes import ListBody, ListQuery, Pagination
from services.gateway.kit.rows.dependents import dependents_of
from services.gateway.kit.shapes import cleared
from services.gateway.taxonomies import store
from services.gateway.taxonomies.path_nodes import nodes_of
from services.gateway.taxonomies.plans import plan_taxonomy
from services.gateway.taxonomies.shapes import (
    Taxonomy,
    TaxonomyCreate,
    TaxonomyDeleted,
    TaxonomyList,
    TaxonomyPatch,
    stats_of,
    to_taxonomy,
)
from services.gateway.taxonomies.versions.plans import add_version

router = routes_of("Taxonomies", "/taxonomies")


@router.post("")
async def create_taxonomy(form: TaxonomyCreate, tenant: InNamespace) -> Taxonomy:
    """Creates a taxonomy; collections take it up in their `taxonomy_applications`."""
    plan = await plan_taxonomy(tenant, form.config)
    new = store.NewTaxonomy(
        namespace_id=tenant.namespace_id,
        name=form.taxonomy_name,
        description=form.description,
        metadata=form.metadata or {},
        config=plan.config,
        runs=plan.runs,
        label_fields=plan.label_fields,
    )
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        taxonomy_id = await store.insert_taxonomy(connection, new)
    return await shown(tenant, await store.read_taxonomy(tenant.gateway.pool, tenant.namespace_id, taxonomy_id))


async def shown(tenant: Tenant, row: asyncpg.Record) -> Taxonomy:
    """One taxonomy, with the nodes of its hierarchy."""
    pool = tenant.gateway.pool
    taxonomy = to_taxonomy(row, await nodes_of(pool, row["taxonomy_id"], row["config"]))
    warnings = labelling_faults(await runs_of_taxonomy(pool, row["taxonomy_id"]))
    return taxonomy.model_copy(update={"warnings": warnings})


@router.get("")
async def list_taxonomies(
    tenant: InAnyNamespace, query: Annotated[ListQuery, Query()], request: Request, response: Response
) -> TaxonomyList:
    """Lists taxonomies."""
    return await _list(tenant, query, None, request, response)


@router.post("/list")
async def list_taxonomies_by_body(
    tenant: InAnyNamespace,
    query: Annotated[ListQuery, Query()],
    request: Request,
    response: Response,
    body: ListBody | None = None,
) -> TaxonomyList:
    """Lists taxonomies, as the optional body says."""
    return await _list(tenant, query, body, request, response)


async def _list(
    tenant: Tenant | None, query: ListQuery, body: ListBody | None, request: Request, response: Response
) -> TaxonomyList:
    if tenant is None:
        warnings = unresolved(response, request.headers["x-namespace"])
        pagination = Pagination().model_dump()
        return TaxonomyList(results=[], total_count=0, pagination=pagination, stats=stats_of([]), warnings=warnings)
    async with snapshot(tenant.gateway.queries) as db:
        found = await listed(
            db,
            store.LIST_TAXONOMIES,
            query,
            body,
            where="t.namespace_id = $1",
            values=(tenant.namespace_id,),
            search_sql=store.SEARCH_TAXONOMIES,
        )
        total = await count_of(db, "taxonomies", tenant.namespace_id)
    results = found.shaped(to_taxonomy)
    return TaxonomyList(
        results=results,
        total_count=total,
        pagination=found.pagination.model_dump(),
        stats=stats_of(results),
    )


@router.get("/{taxonomy}")
async def get_taxonomy(
    taxonomy: str, tenant: InNamespace, version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None
) -> Taxonomy:
    """One taxonomy by id or name, as it is or was at a version."""
    row = await store.read_taxonomy(tenant.gateway.pool, tenant.namespace_id, taxonomy, version)
    return await shown(tenant, row)


@router.patch("/{taxonomy}")
async def update_taxonomy(taxonomy: str, form: TaxonomyPatch, tenant: InNamespace) -> Taxonomy:
    """Changes what is given; a changed config is a new version, and what is uploaded next is labelled by it."""
    row = await store.read_taxonomy(tenant.gateway.pool, tenant.namespace_id, taxonomy)
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        is_other = form.config is not None and await add_version(tenant, connection, row, form.config)
        said = form.model_dump(include={"taxonomy_name", "description", "metadata"}, exclude_none=True)
        said |= cleared(form, "description")
        await store.update_taxonomy(connection, row, said, config=is_other)
    return await shown(tenant, await store.read_taxonomy(tenant.gateway.pool, tenant.namespace_id, row["taxonomy_id"]))


@router.delete("/{taxonomy}")
async def delete_taxonomy(taxonomy: str, tenant: InNamespace, force: bool = False) -> TaxonomyDeleted:
    """Deletes a taxonomy; one that labels collections is refused with 409, or taken off them with `force`."""
    row = await store.read_taxonomy(tenant.gateway.pool, tenant.namespace_id, taxonomy)
    pool, name = tenant.gateway.pool, row["taxonomy_name"]
    warnings = await dependents_of(pool, tenant.namespace_id, "taxonomy", row["taxonomy_id"], name)
    await store.delete_taxonomy(pool, row, force=force)
    return TaxonomyDeleted(message=f"Deleted taxonomy {name}.", taxonomy_id=row["taxonomy_id"], warnings=warnings)
