"""What a request for a cluster comes to: its collections and features looked up, its filters checked."""

from collections.abc import Sequence
from typing import Any

from services.common.database.find_resources import get_collection
from services.common.errors import InvalidArgumentError
from services.common.filters import And, Not, Or, parse
from services.common.filters.canonical import to_native
from services.common.ids import new_id
from services.common.row_types import Collection
from services.gateway.clusters.config import VectorConfig
from services.gateway.clusters.shapes import ClusterCreate
from services.gateway.clusters.store import NewCluster
from services.gateway.collections.extractors.feature_uris import parse_feature_uri
from services.gateway.kit.context import Tenant
from services.gateway.kit.shapes import JsonObject

URIS = "body.vector_config.feature_uris"
KEPT = (
    *("clustering_method", "sample_size", "multi_feature_strategy", "normalize_features", "feature_weights"),
    *("vis_n_components", "layout_stability"),
)


async def plan_cluster(tenant: Tenant, form: ClusterCreate) -> NewCluster:
    """Everything resolved; NotFoundError for an unknown collection, InvalidArgumentError for an unknown feature."""
    named = [await get_collection(tenant.gateway.pool, tenant.namespace_id, each) for each in form.collection_ids]
    collections = list({each.collection_id: each for each in named}.values())
    vectors = form.vector_config
    uris = chosen_features(vectors, collections) if vectors else []
    cluster_id = new_id("clust")
    return NewCluster(
        cluster_id=cluster_id,
        namespace_id=tenant.namespace_id,
        name=form.cluster_name or f"cluster-{cluster_id.removeprefix('clust_')}",
        cluster_type=form.type(),
        collection_ids=[each.collection_id for each in collections],
        feature_uris=uris,
        config=_config(form, uris),
        settings=_settings(form),
    )


def _settings(form: ClusterCreate) -> JsonObject:
    enrichment = form.source_enrichment_config
    return {
        "description": form.description,
        "metadata": form.metadata or {},
        "filters": native_filters(form.filters),
        "llm_labeling": form.llm_labeling.stored() if form.llm_labeling else None,
        "enrich_source_collection": _enriches(form),
        "source_enrichment_config": enrichment.model_dump(exclude_none=True) if enrichment else None,
        "auto_execute_on_batch": form.auto_execute_on_batch,
        "auto_execute_min_documents": form.auto_execute_min_documents,
        "auto_execute_cooldown_seconds": form.auto_execute_cooldown_seconds,
    }


def _enriches(form: ClusterCreate) -> bool:
    """Either config may ask for the documents to be written to."""
    return form.enrich_source_collection or (form.vector_config is not None and form.vector_config.enrich_source)


def native_filters(given: Any) -> JsonObject | None:
    """The filters in the native dialect, with AND, OR or NOT at the root; None without any."""
    if given is None:
        return None
    tree = parse(given, "body.filters", inputs=False, selects=True)
    native = to_native(tree)
    return native if isinstance(tree, And | Or | Not) else {"AND": [native]}


def chosen_features(asked: VectorConfig, collections: Sequence[Collection]) -> list[str]:
    """The feature URIs to cluster by; each must be offered, by one model alone."""
    offered = {each.feature_uri: each for each in collections if each.feature_uri}
    uris = asked.features() or _described(asked, list(offered))
    for position, uri in enumerate(uris):
        if uri not in offered:
            path = f"{URIS}.{position}" if asked.feature_uris else "body.vector_config.feature_uri"
            have = ", ".join(sorted(offered)) or "none"
            message = f"{path}: none of the collections has the feature '{uri:.300}'; they have: {have}."
            raise InvalidArgumentError(message, path=path)
        _require_one_model(uri, collections)
    return uris


def _described(asked: VectorConfig, offered: Sequence[str]) -> list[str]:
    """The one feature that an extractor's name describes, or the only one there is."""
    found = [uri for uri in offered if _fits(asked, uri)]
    if len(found) != 1:
        have = ", ".join(sorted(offered)) or "none"
        message = f"{URIS}: name the features to cluster by; the collections have: {have}."
        raise InvalidArgumentError(message, path=URIS)
    return found


def _fits(asked: VectorConfig, uri: str) -> bool:
    address = parse_feature_uri(uri)
    if address is None:
        return False
    pairs = (
        (asked.feature_extractor_name, address.extractor),
        (asked.version, address.version),
        (asked.output_name, address.output),
    )
    return all(wanted in (None, has) for wanted, has in pairs)


def _require_one_model(uri: str, collections: Sequence[Collection]) -> None:
    models = {each.model: each.collection_name for each in collections if each.feature_uri == uri}
    if len(models) > 1:
        path = "body.collection_ids"
        made = ", ".join(f"'{name}' by {model}" for model, name in sorted(models.items(), key=str))
        message = f"{path}: vectors of different models cannot be compared, and '{uri}' is made in {made}."
        raise InvalidArgumentError(message, path=path)


def _config(form: ClusterCreate, uris: Sequence[str]) -> JsonObject:
    if form.attribute_config is not None:
        return {"attribute_config": form.attribute_config.model_dump(exclude_none=True)}
    asked = form.vector_config
    assert asked is not None
    _require_weights(asked, uris)
    steps = [step.model_dump(exclude_none=True) for step in asked.preprocessing_steps or []]
    stored = {name: getattr(asked, name) for name in KEPT}
    reduction = form.dimension_reduction
    if reduction is not None:
        steps = steps or [reduction.step()]
        stored["vis_n_components"] = reduction.n_components if reduction.n_components in (2, 3) else 2
    parameters = {"algorithm_params": asked.parameters(), "preprocessing_steps": steps}
    return {"vector_config": {name: value for name, value in {**stored, **parameters}.items() if value is not None}}


def _require_weights(asked: VectorConfig, uris: Sequence[str]) -> None:
    path = "body.vector_config.feature_weights"
    for uri in asked.feature_weights or {}:
        if uri not in uris:
            raise InvalidArgumentError(f"{path}: '{uri:.300}' is not one of the feature_uris.", path=path)
    if asked.feature_weights and not any(asked.feature_weights.get(uri, 1.0) for uri in uris):
        raise InvalidArgumentError(f"{path}: at least one weight must be above 0.", path=path)
