"""What a request for a collection comes to: its buckets, slot, model and taxonomy, all looked up."""

from services.common.database.resources import get_retriever, get_row
from services.common.errors import InvalidArgumentError
from services.gateway.application_plans import plan_applications
from services.gateway.context import Tenant
from services.gateway.models import pinned_model
from services.gateway.shapes.base import JsonObject
from services.gateway.shapes.collections import CollectionCreate, TaxonomyForm
from services.gateway.shapes.extractors import read_extractor
from services.gateway.shapes.features import ExtractorName
from services.gateway.stages import check
from services.gateway.store.collections import NewCollection, NewTaxonomy

QUERY_INPUT = "query_image"


async def plan_collection(tenant: Tenant, form: CollectionCreate) -> NewCollection:
    """Everything resolved; NotFoundError for an unknown bucket or retriever."""
    bucket_ids = await _bucket_ids(tenant, form.source.identifiers())
    feature_extractor = read_extractor(form.feature_extractor, form.feature_extractors, form.features)
    extractor = ExtractorName(name=feature_extractor["feature_extractor_name"], version=feature_extractor["version"])
    model = await pinned_model(tenant.gateway, extractor)
    return NewCollection(
        namespace_id=tenant.namespace_id,
        name=form.collection_name,
        description=form.description,
        bucket_ids=bucket_ids,
        feature_extractor=feature_extractor,
        extractor=extractor.joined,
        model=model.model,
        feature_uri=model.feature_uri,
        dimensions=model.dimensions,
        metadata=form.metadata or {},
        taxonomy=await _taxonomy(tenant, form.taxonomy, model.feature_uri),
        applications=await plan_applications(tenant, form.taxonomy_applications, form.retriever_enrichments),
    )


async def _bucket_ids(tenant: Tenant, identifiers: list[str]) -> list[str]:
    if not identifiers:
        path = "body.source.bucket_ids"
        raise InvalidArgumentError(f"{path} must name at least one bucket.", path=path)
    rows = [await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, name) for name in identifiers]
    return list(dict.fromkeys(row["bucket_id"] for row in rows))


async def _taxonomy(tenant: Tenant, form: TaxonomyForm | None, feature_uri: str) -> NewTaxonomy | None:
    if form is None:
        return None
    stages: list[JsonObject] = []
    retriever_id = None
    if form.retriever_id:
        retriever_id = await retriever_id_of(tenant, form.retriever_id)
    else:
        stages = own_stages(form.field_to_enrich, feature_uri)
        await check(tenant.gateway, stages)
    return NewTaxonomy(
        retriever_id=retriever_id,
        own_stages=stages,
        field_to_enrich=form.field_to_enrich,
        confidence_threshold=form.confidence_threshold,
        reference_labels=form.reference_labels,
        options=form.options(),
    )


async def retriever_id_of(tenant: Tenant, identifier: str) -> str:
    """The retriever that `identifier` names."""
    return (await get_retriever(tenant.gateway.pool, tenant.namespace_id, identifier)).retriever_id


def own_stages(field: str, feature_uri: str) -> list[JsonObject]:
    """The labelled documents of the collection itself, then the one most like the query; the threshold decides."""
    labelled = {"AND": [{"field": field, "operator": "exists", "value": True}]}
    query = {"input_mode": "content", "value": f"{{{{INPUT.{QUERY_INPUT}}}}}"}
    search = {"feature_uri": feature_uri, "query": query, "top_k": 1}
    return [
        _stage("labeled_filter", "attribute_filter", {"conditions": labelled}),
        _stage("match", "feature_search", {"searches": [search]}),
    ]


def _stage(name: str, stage_id: str, parameters: JsonObject) -> JsonObject:
    config = {"stage_id": stage_id, "parameters": parameters}
    return {"stage_name": name, "stage_type": "filter", "config": config}
