"""Running taxonomies: on samples, and on what a collection holds already."""

from dataclasses import replace
from typing import Annotated

from fastapi import Query

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from services.common.database.resources import get_collection
from services.common.database.tasks import PENDING, create_task
from services.common.database.taxonomies import application_of, require_applied
from services.common.filters import EVERYTHING, parse
from services.common.grpc_client import call
from services.gateway.context import InNamespace
from services.gateway.routing import routes_of
from services.gateway.shapes.taxonomy_runs import ApplyTaxonomy, JoinAnswer, TaxonomyApplied, TaxonomyExecute
from services.gateway.store import taxonomies as store
from services.gateway.store.values import count_documents
from services.gateway.taxonomy_samples import subjects_of, to_answer

router = routes_of("Taxonomies")
Version = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@router.post("/taxonomies/execute/{taxonomy}")
@router.post("/taxonomies/{taxonomy}/execute")
async def execute_taxonomy(
    taxonomy: str, tenant: InNamespace, form: TaxonomyExecute | None = None, version: Version = None
) -> JoinAnswer:
    """What the taxonomy, as it is or was at a version, makes of some documents; nothing is kept."""
    gateway, samples = tenant.gateway, form.samples() if form else []
    row = await store.read_taxonomy(gateway.pool, tenant.namespace_id, taxonomy, version)
    if not samples:
        return to_answer(row["taxonomy_name"], [], [])
    request = pb.EnrichRequest(
        namespace_id=tenant.namespace_id,
        taxonomy_id=row["taxonomy_id"],
        taxonomy_version=version or 0,
        subjects=await subjects_of(gateway.pool, tenant.namespace_id, samples),
    )
    answer: pb.EnrichResponse = await call(gateway.taxonomy.Enrich, request, seconds=gateway.settings.rpc_timeout)
    return to_answer(row["taxonomy_name"], samples, answer.decisions)


@router.post("/collections/{collection}/apply-taxonomy")
async def apply_taxonomy(collection: str, form: ApplyTaxonomy, tenant: InNamespace) -> TaxonomyApplied:
    """Labels a collection's documents anew by a taxonomy that is applied to it, as a task; people's labels stay."""
    pool, namespace_id = tenant.gateway.pool, tenant.namespace_id
    found = await get_collection(pool, namespace_id, collection)
    row = await store.read_taxonomy(pool, namespace_id, form.taxonomy_id)
    await require_applied(pool, found.collection_id, row["taxonomy_id"], "body.taxonomy_id")
    given = form.scroll_filters
    filters = EVERYTHING if given is None else parse(given, "body.scroll_filters", inputs=False, selects=True)
    estimated = await count_documents(tenant.gateway.queries, found.collection_id, filters)
    wanted = application_of(namespace_id, found.collection_id, row["taxonomy_id"], form.scroll_filters, form.batch_size)
    new = replace(wanted, additional_data={"estimated_documents": estimated})
    async with pool.acquire() as connection, connection.transaction():
        task_id = await create_task(connection, new)
    return TaxonomyApplied(
        task_id=task_id,
        status=PENDING,
        collection_id=found.collection_id,
        taxonomy_id=row["taxonomy_id"],
        estimated_documents=estimated,
    )
