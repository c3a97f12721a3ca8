"""Running taxonomies: on samples, and on what a collection holds already."""

from dataclasses import replace
from typing import Annotated

from fastapi import Query

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from services.common.database.find_resources import get_collection
from services.common.database.tasks.create_task import PENDING, create_task
from services.common.database.taxonomies.applied_taxonomies import application_of, require_applied, taxonomies_of
from services.common.errors import InvalidArgumentError
from services.common.filters import EVERYTHING, parse
from services.common.grpc.client import call
from services.common.row_types import Collection
from services.gateway.collections.unknown_field_warnings import unknown_in_collections
from services.gateway.documents.counts.store import count_documents
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.taxonomies import store
from services.gateway.taxonomies.runs.samples import subjects_of, to_answer
from services.gateway.taxonomies.runs.shapes import ApplyTaxonomy, JoinAnswer, TaxonomyApplied, TaxonomyExecute

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
async def apply_taxonomy(collection: str, tenant: InNamespace, form: ApplyTaxonomy | None = None) -> TaxonomyApplied:
    """Labels a collection's documents anew by what is applied to it, as a task; people's labels stay.

    Without a `taxonomy_id`, and without a body, by all of the collection's taxonomies.
    """
    pool, namespace_id = tenant.gateway.pool, tenant.namespace_id
    form = form or ApplyTaxonomy()
    found = await get_collection(pool, namespace_id, collection)
    deciding = await _deciding(tenant, found, form.taxonomy_id)
    given = form.scroll_filters
    filters = EVERYTHING if given is None else parse(given, "body.scroll_filters", inputs=False, selects=True)
    estimated = await count_documents(tenant.gateway.queries, found.collection_id, filters)
    wanted = application_of(namespace_id, found.collection_id, deciding, form.scroll_filters, form.batch_size)
    new = replace(wanted, additional_data={"estimated_documents": estimated})
    async with pool.acquire() as connection, connection.transaction():
        task_id = await create_task(connection, new)
    return TaxonomyApplied(
        task_id=task_id,
        status=PENDING,
        collection_id=found.collection_id,
        taxonomy_id=deciding[0],
        taxonomy_ids=list(deciding),
        estimated_documents=estimated,
        warnings=await unknown_in_collections(tenant, [found.collection_id], filters, is_empty=not estimated),
    )


async def _deciding(tenant: Tenant, collection: Collection, named: str | None) -> tuple[str, ...]:
    """The taxonomy that the request names, which must be applied to the collection; else all that are."""
    pool, collection_id = tenant.gateway.pool, collection.collection_id
    if named is not None:
        row = await store.read_taxonomy(pool, tenant.namespace_id, named)
        await require_applied(pool, collection_id, row["taxonomy_id"], "body.taxonomy_id")
        return (row["taxonomy_id"],)
    found = await taxonomies_of(pool, collection_id)
    if not found:
        message = (
            f"Nothing labels collection '{collection.collection_name}'; apply a taxonomy to it first: "
            f"PATCH /v1/collections/{collection_id} with 'taxonomy' or 'taxonomy_applications'."
        )
        raise InvalidArgumentError(message, reason="NO_TAXONOMY", path="body.taxonomy_id")
    return found
