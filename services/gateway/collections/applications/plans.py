"""What a request applies to a collection, all that it names looked up."""

from collections.abc import Sequence
from typing import Any

from services.common.database.find_resources import get_collection, get_retriever, get_row
from services.common.errors import InvalidArgumentError
from services.gateway.collections.applications.shapes import RetrieverEnrichmentForm, TaxonomyApplicationForm
from services.gateway.collections.applications.store import NewApplication, NewApplications
from services.gateway.kit.context import Tenant


async def plan_applications(
    tenant: Tenant,
    taxonomies: Sequence[TaxonomyApplicationForm] | None,
    enrichments: Sequence[RetrieverEnrichmentForm] | None,
    inline_id: str | None = None,
) -> NewApplications:
    """Everything resolved; NotFoundError for an unknown taxonomy, retriever or collection.

    A collection's inline taxonomy, which answers show as an application, may be sent back and changes nothing.
    """
    return NewApplications(
        taxonomies=None if taxonomies is None else await _taxonomies(tenant, taxonomies, inline_id),
        enrichments=None if enrichments is None else [await _enrichment(tenant, form) for form in enrichments],
    )


async def _taxonomies(
    tenant: Tenant, forms: Sequence[TaxonomyApplicationForm], inline_id: str | None
) -> list[NewApplication]:
    found: list[NewApplication] = []
    for position, form in enumerate(forms):
        row = await get_row(tenant.gateway.pool, "taxonomy", tenant.namespace_id, form.taxonomy_id)
        if row["taxonomy_id"] == inline_id:
            continue
        path = f"body.taxonomy_applications.{position}.taxonomy_id"
        if row["collection_id"] is not None:
            message = f"{path}: '{form.taxonomy_id}' is the inline taxonomy of another collection; clone it first."
            raise InvalidArgumentError(message, path=path)
        found.append(await _taxonomy(tenant, form, row["taxonomy_id"]))
    return found


async def _taxonomy(tenant: Tenant, form: TaxonomyApplicationForm, taxonomy_id: str) -> NewApplication:
    target = form.target_collection_id
    if target is not None:
        target = (await get_collection(tenant.gateway.pool, tenant.namespace_id, target)).collection_id
    settings: dict[str, Any] = {
        **form.model_dump(),
        "taxonomy_id": taxonomy_id,
        "execution_mode": "materialize",
        "target_collection_id": target,
    }
    return NewApplication(
        taxonomy_id=taxonomy_id,
        settings=settings,
        execution_phase=form.execution_phase,
        priority=form.priority,
        target_collection_id=target,
    )


async def _enrichment(tenant: Tenant, form: RetrieverEnrichmentForm) -> NewApplication:
    retriever = await get_retriever(tenant.gateway.pool, tenant.namespace_id, form.retriever_id)
    return NewApplication(
        taxonomy_id=None,
        settings={**form.model_dump(), "retriever_id": retriever.retriever_id},
        execution_phase=form.execution_phase,
        priority=form.priority,
        enabled=form.enabled,
        config={**form.engine_config(), "retriever_id": retriever.retriever_id},
        runs=[{"retriever": retriever.retriever_id}],
        label_fields=list(dict.fromkeys(field.target_field for field in form.write_back_fields)),
    )
