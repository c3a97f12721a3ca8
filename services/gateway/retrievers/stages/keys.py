"""The parameters that each stage takes: the contract's, older names for them, and those of ours."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.common.validation.unknown_keys import require_known

CACHE = ("cache_behavior", "cache_ttl_seconds")
COLLECTIONS = ("collection_identifiers", "collection_ids")
GROUPS = ("AND", "OR", "NOT", "must", "should", "must_not")
CASE = ("case_sensitive", "case_insensitive")
SEARCH = (
    *("feature_uri", "query", "top_k", "min_score", "score_threshold", "weight", "lexical", "optional", "on_empty"),
    *("filters", "query_preprocessing"),
    *COLLECTIONS,
)
QUERY = (
    *("input_mode", "value", "values", "text", "content", "url", "base64", "image", "vector", "document_ref"),
    *("document_id", "embedding_task", "mime_type", "filename", "type"),
)
FACET = ("key", "field", "limit", "exact")
AGGREGATION = (
    "function",
    "operation",
    "type",
    "field",
    "field_b",
    "percentile_value",
    "percentile",
    "top_k",
    "alias",
    "name",
)
PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "attribute_filter": (
        *("conditions", "filters", "field", "operator", "value", "natural_language", "field_hints", "batch_size"),
        *CASE,
        *GROUPS,
    ),
    "feature_search": (
        *("searches", "final_top_k", "limit", "fusion", "learning_config", "facets", "group_by", "auto_preprocess"),
        *("hard_timeout_ms", "interactive", "degrade_retry", "feature_extractor"),
        *SEARCH,
        *CACHE,
    ),
    "sort_attribute": ("field", "sort_field", "sort_by", "direction", "order", "sort_order", "nulls_last"),
    "sort_relevance": ("score_field", "field", "direction", "order", "missing_score", "feature_address"),
    "score_normalize": ("method", "strategy", "score_field", "output_field"),
    "mmr": (
        *("lambda", "lambda_", "diversity_lambda", "top_k", "limit", "diversity_feature_uri", "feature_uri"),
        *("diversity_features", "diversity_fields", "diversity_field_weights", "score_field", "mmr_score_field"),
        "similarity_metric",
    ),
    "rerank": (
        *("feature_uri", "query", "rerank_field", "field", "document_field", "inference_name", "model", "top_k"),
        *("max_candidates", "score_field", "batch_size", "decision_model", "relevance_criteria", "learning_config"),
        *("max_document_chars", "max_concurrent_batches", "hard_timeout_ms"),
        *CACHE,
    ),
    "limit": ("limit", "count", "n", "offset"),
    "sample": (
        *("count", "size", "n", "strategy", "method", "stratify_by", "min_per_stratum", "seed", "random_seed"),
        "preserve_top_k",
    ),
    "deduplicate": ("strategy", "fields", "field", "keep"),
    "group_by": ("group_by_field", "field", "group_by", "max_per_group", "output_mode", "limit", "max_groups"),
    "aggregate": (
        *("aggregations", "metrics", "group_by", "group_by_field", "sort_by", "sort_order", "order", "limit"),
        "include_documents",
    ),
    "cluster": (
        *("algorithm", "method", "n_clusters", "num_clusters", "min_cluster_size", "eps", "feature_uri"),
        *("output_mode", "include_centroids", "max_members_per_cluster"),
    ),
    "unwind": ("field", "unwind_field", "output_field", "preserve_null_and_empty"),
    "json_transform": ("template", "fail_on_error"),
    "document_enrich": (
        *("target_collection_id", "collection_id", "collection_identifier", "source_field", "target_field"),
        *("lookup_field", "fields_to_merge", "fields", "output_field", "result_field", "strategy", "when"),
        *("allow_missing", "retriever_id", "retriever_config", "retriever_inputs"),
        *CACHE,
    ),
    "taxonomy_enrich": (
        *("taxonomy_id", "taxonomy", "fields", "enrichment_fields", "top_k", "min_score", "min_confidence", "when"),
        *("result_field", "output_field"),
    ),
}


def check_parameters(stage_id: str, given: Any, path: str) -> None:
    """InvalidArgumentError for a parameter that the stage does not take; unknown stages are refused elsewhere."""
    accepted = PARAMETERS.get(stage_id)
    if accepted is None or not isinstance(given, Mapping):
        return
    require_known(given, accepted, path)
    for name, keys in (("searches", SEARCH), ("facets", FACET), ("aggregations", AGGREGATION)):
        for place, part in _parts(given, name, path):
            require_known(part, keys, place)
            if isinstance(part.get("query"), Mapping):
                require_known(part["query"], QUERY, f"{place}.query")
    if isinstance(given.get("query"), Mapping):
        require_known(given["query"], QUERY, f"{path}.query")


def _parts(given: Mapping[str, Any], name: str, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    parts = given.get(name)
    for position, part in enumerate(parts if isinstance(parts, list) else []):
        if isinstance(part, Mapping):
            yield f"{path}.{name}.{position}", part
