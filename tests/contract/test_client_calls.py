"""Every call of the client's that concerns labelling by likeness is served; the rest is left out for a reason."""

import re
from importlib import resources

import pytest

from tests.support.client_classes import Operation, read_operations
from tests.support.conformance import document

SERVED = [
    *("account", "organizations", "organization_users", "organization_api_keys", "namespaces", "namespace_extractors"),
    *("buckets", "bucket_objects", "bucket_uploads", "bucket_batches", "batches", "tasks"),
    *("collections", "collection_documents", "collection_taxonomies", "documents", "document_lineage", "annotations"),
    *("retrievers", "adhoc_retrievers", "retriever_evaluations", "retriever_stages", "feature_search", "taxonomies"),
    *("analytics_collections", "analytics_taxonomies", "analytics_buckets", "analytics_namespaces"),
    *("analytics_retrievers", "analytics_extractors"),
    *("features", "feature_extractors", "discovery", "health"),
    *("clusters", "cluster_executions", "analytics_clusters"),
    *("alerts", "events"),
    *("triggers", "cluster_triggers"),
    "webhooks",
]

NO_TIERS = "our batches have one tier, without jobs of their own"
IMPORTS = "import and export of collections belong to the hosted service's migrations"
NO_MONEY = "a self-hosted server has no prices"
NO_SYNCS = "buckets are not synchronised with other stores"
ONE_INDEX = "one index covers every field, so that nobody has to learn which fields need one"
NO_SEARCHERS = "interactions of searchers are not recorded"
ONE_NAMESPACE = "an alert watches the namespace that it is in"
LEFT_OUT = {
    "create_org_alert_organizations": ONE_NAMESPACE,
    "delete_org_alert_organizations": ONE_NAMESPACE,
    "get_org_alert_organizations": ONE_NAMESPACE,
    "list_org_alerts_organizations": ONE_NAMESPACE,
    "list_org_alerts_organizations_0": ONE_NAMESPACE,
    "patch_org_alert_organizations": ONE_NAMESPACE,
    "cancel_job_buckets_batches_batch_id_tiers_num_ray": NO_TIERS,
    "cancel_tier_buckets_batches_batch_id_num": NO_TIERS,
    "heal_tier_buckets_batches_batch_id_num": NO_TIERS,
    "retry_tier_buckets_batches_batch_id_num": NO_TIERS,
    "estimate_batch_cost_buckets_batches": NO_MONEY,
    "get_credits_organizations": NO_MONEY,
    "export_collection": IMPORTS,
    "import_collection": IMPORTS,
    "infer_import_schema": IMPORTS,
    "validate_import_mapping": IMPORTS,
    "update_document_acl": "access control per document is not part of labelling",
    "generate_dataset_from_interactions_retrievers_id_evaluations": NO_SEARCHERS,
    "analyze_for_tuning_analytics_retrievers": NO_SEARCHERS,
    "get_retriever_signals_analytics": NO_SEARCHERS,
    "get_cache_performance_analytics_retrievers": "answers of retrievers are not cached: a label counts at once",
    "get_manifest_schema_discovery": "there are no manifests: resources are made one by one",
    "get_sync_comparison_analytics_buckets": NO_SYNCS,
    "get_sync_performance_analytics_buckets": NO_SYNCS,
    "get_compound_index_patterns_analytics_namespaces_indexes": ONE_INDEX,
    "get_field_performance_analytics_namespaces": ONE_INDEX,
    "get_index_recommendations_analytics_namespaces_indexes": ONE_INDEX,
    "get_most_queried_fields_analytics_namespaces": ONE_INDEX,
    "get_slow_queries_analytics_namespaces": ONE_INDEX,
}


def calls() -> list[Operation]:
    """The calls of the classes that this product serves."""
    folder = resources.files("mixpeek") / "api"
    return [call for name in SERVED for call in read_operations((folder / f"{name}_api.py").read_text())]


def place(method: str, path: str) -> tuple[str, str]:
    """Method and path, whatever the parameters are called."""
    return method.upper(), re.sub(r"\{[^}]+\}", "{}", path)


@pytest.fixture(scope="module")
def served() -> set[tuple[str, str]]:
    """What our OpenAPI document lists."""
    return {place(method, path) for path, methods in document()["paths"].items() for method in methods}


def test_every_call_is_served_or_left_out_for_a_reason(served: set[tuple[str, str]]) -> None:
    missing = [f"{each.method} {each.path}" for each in calls() if place(each.method, each.path) not in served]
    assert missing == [f"{each.method} {each.path}" for each in calls() if each.name in LEFT_OUT]


def test_nothing_that_is_left_out_is_unknown_to_the_client() -> None:
    assert LEFT_OUT.keys() <= {each.name for each in calls()}
