"""Versions of a taxonomy, which never change, and copies of it."""

from typing import Annotated

from fastapi import Query

from services.common.database.bounded_reads import snapshot
from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.lists.shapes import ListQuery, Pagination, window_of
from services.gateway.taxonomies import store
from services.gateway.taxonomies.plans import merged_config, plan_taxonomy
from services.gateway.taxonomies.routes import shown
from services.gateway.taxonomies.shapes import (
    Taxonomy,
    TaxonomyClone,
    TaxonomyCloned,
    TaxonomyList,
    VersionCreate,
    shown_config,
    stats_of,
    to_taxonomy,
)
from services.gateway.taxonomies.versions.plans import add_version

router = routes_of("Taxonomies", "/taxonomies")


@router.post("/{taxonomy}/versions")
async def create_version(taxonomy: str, tenant: InNamespace, form: VersionCreate | None = None) -> Taxonomy:
    """Puts a new version in force: the config in force with the keys that are given; without a body, as it is."""
    form = form or VersionCreate()
    row = await store.read_taxonomy(tenant.gateway.pool, tenant.namespace_id, taxonomy)
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        await add_version(tenant, connection, row, form.config or {}, same_too=True)
        said = form.model_dump(include={"description", "metadata"}, exclude_none=True)
        await store.update_taxonomy(connection, row, said, config=True)
    return await shown(tenant, await store.read_taxonomy(tenant.gateway.pool, tenant.namespace_id, row["taxonomy_id"]))


@router.get("/{taxonomy}/versions")
async def list_versions(taxonomy: str, tenant: InNamespace, query: Annotated[ListQuery, Query()]) -> TaxonomyList:
    """The versions of a taxonomy, the newest first."""
    pool, window = tenant.gateway.pool, window_of(query, None, store.LIST_TAXONOMIES.page_size)
    row = await store.read_taxonomy(pool, tenant.namespace_id, taxonomy)
    async with snapshot(tenant.gateway.queries) as db:
        rows = await store.read_versions(db, row["taxonomy_id"], window.limit, window.offset)
        total = await store.count_versions(db, row["taxonomy_id"])
    results = [to_taxonomy(version) for version in rows]
    pagination = Pagination(page=window.offset // window.limit + 1, page_size=window.limit)
    return TaxonomyList(
        results=results,
        total_count=total,
        pagination=pagination.model_dump(),
        stats=stats_of(results),
    )


@router.post("/{taxonomy}/clone")
async def clone_taxonomy(taxonomy: str, form: TaxonomyClone, tenant: InNamespace) -> TaxonomyCloned:
    """A new taxonomy from one that exists, with the changes that are given; the original stays as it is."""
    pool = tenant.gateway.pool
    row = await store.read_taxonomy(pool, tenant.namespace_id, taxonomy)
    current = shown_config(row["config"], row["source_collection_id"])
    plan = await plan_taxonomy(tenant, merged_config(current, form.config or {}))
    new = store.NewTaxonomy(
        namespace_id=tenant.namespace_id,
        name=form.taxonomy_name,
        description=form.description or row["description"],
        metadata=row["metadata"] | (form.metadata or {}),
        config=plan.config,
        runs=plan.runs,
        label_fields=plan.label_fields,
    )
    async with pool.acquire() as connection, connection.transaction():
        taxonomy_id = await store.insert_taxonomy(connection, new)
    cloned = await store.read_taxonomy(pool, tenant.namespace_id, taxonomy_id)
    return TaxonomyCloned(taxonomy=await shown(tenant, cloned), source_taxonomy_id=row["taxonomy_id"])
