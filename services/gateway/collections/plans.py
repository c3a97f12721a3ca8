"""What a request for a collection comes to: its source, slot, model and taxonomy, all looked up."""

from likeness.extractor.v1 import extractor_pb2
from services.common.database.find_resources import get_retriever
from services.common.errors import InvalidArgumentError
from services.common.extractors.traits import traits_of
from services.gateway.collections.applications.alerts_and_clusters import with_ids
from services.gateway.collections.applications.plans import plan_applications
from services.gateway.collections.extractors.feature_uris import ExtractorName
from services.gateway.collections.extractors.models import pinned_model
from services.gateway.collections.extractors.shapes import read_extractor
from services.gateway.collections.inline_taxonomies.shapes import TaxonomyForm
from services.gateway.collections.inline_taxonomies.store import NewTaxonomy
from services.gateway.collections.shapes import CollectionCreate
from services.gateway.collections.sources.plans import PlannedSource, plan_source
from services.gateway.collections.store import NewCollection
from services.gateway.kit.context import Tenant
from services.gateway.kit.shapes import JsonObject
from services.gateway.kit.stage_check import check_stages

QUERY_INPUT = "query_image"
TASK = "embedding_task"
# The tutorial's, for collections without a model.
DEFAULT_THRESHOLD = 0.30


async def plan_collection(tenant: Tenant, form: CollectionCreate) -> NewCollection:
    """Everything resolved; NotFoundError for an unknown bucket, collection or retriever."""
    source = await plan_source(tenant, form.source)
    feature_extractor = _with_task(form, read_extractor(form.feature_extractor, form.feature_extractors, form.features))
    extractor = ExtractorName(name=feature_extractor["feature_extractor_name"], version=feature_extractor["version"])
    pinned = await _model(tenant, extractor, feature_extractor["parameters"])
    return NewCollection(
        namespace_id=tenant.namespace_id,
        name=form.collection_name,
        description=form.description,
        bucket_ids=source.bucket_ids,
        source_collection_ids=source.collection_ids,
        source=source.stored,
        feature_extractor=feature_extractor,
        extractor=extractor.joined,
        model=pinned.model if pinned else None,
        feature_uri=pinned.feature_uri if pinned else None,
        dimensions=pinned.dimensions if pinned else None,
        label_threshold=label_threshold_of(pinned),
        metadata=form.metadata or {},
        enabled=form.enabled,
        settings=await with_ids(tenant, _settings(form, source)),
        taxonomy=await plan_taxonomy(
            tenant, form.taxonomy, pinned.feature_uri if pinned else None, label_threshold_of(pinned)
        ),
        applications=await plan_applications(tenant, form.taxonomy_applications, form.retriever_enrichments),
    )


def _with_task(form: CollectionCreate, feature_extractor: JsonObject) -> JsonObject:
    """The task of the collection beats that of its extractor, where the extractor knows tasks."""
    if form.embedding_task is None or not traits_of(feature_extractor["feature_extractor_name"]).reads_text:
        return feature_extractor
    return {**feature_extractor, "parameters": {**feature_extractor["parameters"], TASK: form.embedding_task}}


def _settings(form: CollectionCreate, source: PlannedSource) -> JsonObject:
    settings = {name: value for name, value in form.stored().items() if value is not None}
    return settings if source.input_schema is None else {**settings, "input_schema": source.input_schema}


async def _model(tenant: Tenant, extractor: ExtractorName, parameters: JsonObject) -> extractor_pb2.Model | None:
    if not traits_of(extractor.name).extracts:
        return None
    return await pinned_model(tenant.gateway, extractor, parameters.get("embedding_model"))


def label_threshold_of(pinned: extractor_pb2.Model | None) -> float | None:
    """What the manifest says; an extractor of before says nothing."""
    return round(pinned.label_threshold, 6) or DEFAULT_THRESHOLD if pinned else None


async def plan_taxonomy(
    tenant: Tenant, form: TaxonomyForm | None, feature_uri: str | None, label_threshold: float | None
) -> NewTaxonomy | None:
    """The inline taxonomy, its retriever found; None without one. `label_threshold` is for one that names none."""
    if form is None:
        return None
    stages: list[JsonObject] = []
    retriever_id = None
    if form.retriever_id:
        retriever_id = await retriever_id_of(tenant, form.retriever_id)
    else:
        stages = own_stages(form.field_to_enrich, feature_uri)
        await check_stages(tenant.gateway, stages)
    return NewTaxonomy(
        retriever_id=retriever_id,
        own_stages=stages,
        field_to_enrich=form.field_to_enrich,
        confidence_threshold=_threshold(form.confidence_threshold, label_threshold),
        reference_labels=form.reference_labels,
        options=form.options(),
    )


def _threshold(given: float | None, label_threshold: float | None) -> float:
    named = label_threshold if given is None else given
    return DEFAULT_THRESHOLD if named is None else named


async def retriever_id_of(tenant: Tenant, identifier: str) -> str:
    """The retriever that `identifier` names."""
    return (await get_retriever(tenant.gateway.pool, tenant.namespace_id, identifier)).retriever_id


def own_stages(field: str, feature_uri: str | None) -> list[JsonObject]:
    """The labelled documents of the collection itself, then the one most like the query; the threshold decides."""
    if feature_uri is None:
        path = "body.taxonomy.retriever_id"
        raise InvalidArgumentError(f"{path} is needed: this extractor makes no vectors to compare.", path=path)
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
