"""Whatever is sent about clusters: it is stored, or a 4xx names the path of the fault."""

from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.objects.test_fuzzed import DEEP, JSON, assert_answered
from tests.support.gateway.rest import ok, set_up
from tests.support.tutorial.clusters_alerts_webhooks import CLUSTER
from tests.support.tutorial.option_a import SLOT

pytestmark = pytest.mark.asyncio(loop_scope="session")
METHODS = ["kmeans", "hdbscan", "dbscan", "optics", "spectral", "leiden", "auto", "attribute_based"]
FILTERS = JSON | DEEP | st.sampled_from([{"field": "a", "operator": "regex", "value": "("}, {"AND": [], "OR": []}])
PARAMETERS = st.dictionaries(st.sampled_from(["n_clusters", "eps", "metric", "min_cluster_size", "p"]), JSON) | JSON
NAMING = st.fixed_dictionaries(
    {},
    optional={
        "enabled": JSON,
        "input_mappings": JSON | st.just([{"source": "payload", "fields": [1, "\0"]}]),
        "labeling_inputs": JSON,
        "model_name": JSON,
        "candidate_labels": JSON,
        "response_shape": JSON | DEEP,
        "parameters": JSON | DEEP,
    },
)
VECTORS = st.fixed_dictionaries(
    {"clustering_method": st.sampled_from(METHODS) | JSON},
    optional={
        "feature_uri": st.just(SLOT) | JSON,
        "feature_uris": st.lists(st.just(SLOT) | JSON, max_size=3) | JSON,
        "feature_weights": st.dictionaries(st.sampled_from([SLOT, "\0"]), JSON) | JSON,
        "kmeans_parameters": PARAMETERS,
        "algorithm_params": PARAMETERS | DEEP,
        "preprocessing_steps": st.lists(st.fixed_dictionaries({"method": st.just("umap"), "n_components": JSON}))
        | JSON,
        "sample_size": JSON,
        "vis_n_components": JSON,
        "hierarchical": JSON,
    },
)
CREATE = st.fixed_dictionaries(
    {"collection_ids": st.just(["products_unified"]) | st.lists(JSON, max_size=2)},
    optional={
        "cluster_name": JSON,
        "cluster_type": st.sampled_from(["vector", "attribute"]) | JSON,
        "vector_config": VECTORS | JSON,
        "attribute_config": st.fixed_dictionaries({"attributes": st.lists(JSON, max_size=3)}) | JSON,
        "filters": FILTERS,
        "llm_labeling": NAMING | JSON,
        "dimension_reduction": JSON,
        "metadata": JSON | DEEP,
        "auto_execute_min_documents": JSON,
    },
)
PATCH = st.fixed_dictionaries(
    {},
    optional={
        "description": JSON,
        "metadata": JSON | DEEP,
        "filters": FILTERS,
        "llm_labeling": NAMING | JSON,
        "sample_size": JSON,
        "algorithm_params": PARAMETERS | DEEP,
    },
)
EXECUTE = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.sampled_from(["full", "assign", "composite"]) | JSON,
        "filters": FILTERS,
        "sample_size": JSON,
        "assignment_threshold": JSON,
        "vis_n_components": JSON,
        "llm_labeling": NAMING | JSON,
    },
)
LABELS = st.fixed_dictionaries(
    {}, optional={"labels": st.dictionaries(st.text(max_size=5), JSON) | JSON, "run_name": JSON}
)
QUERIES = st.dictionaries(
    st.sampled_from(["max_points", "run_id", "compact", "format", "cluster_label", "hours", "include_vectors"]),
    st.text(max_size=6) | st.sampled_from(["\0", "1", "-1", "9" * 40, "csv", "true"]),
    max_size=3,
)
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest_asyncio.fixture(loop_scope="session")
async def base(client: httpx.AsyncClient) -> str:
    """The path of the tutorial's cluster, which has a run."""
    await set_up(client)
    cluster_id: str = (await ok(client, "POST", "/v1/clusters", CLUSTER))["cluster_id"]
    await ok(client, "POST", f"/v1/clusters/{cluster_id}/execute")
    return f"/v1/clusters/{cluster_id}"


@FUZZ
@given(body=CREATE)
async def test_any_request_for_a_cluster_is_stored_or_refused(client: httpx.AsyncClient, base: str, body: Any) -> None:
    await assert_answered(client, "POST", base.rpartition("/")[0], body)


@FUZZ
@given(body=PATCH)
async def test_any_change_is_made_or_refused(client: httpx.AsyncClient, base: str, body: Any) -> None:
    await assert_answered(client, "PATCH", base, body)


@FUZZ
@given(body=EXECUTE)
async def test_any_execution_is_started_or_refused(client: httpx.AsyncClient, base: str, body: Any) -> None:
    await assert_answered(client, "POST", f"{base}/execute", body)


@FUZZ
@given(body=LABELS, query=QUERIES, run_id=st.text(min_size=1, max_size=5))
async def test_any_question_about_executions_is_answered_or_refused(
    client: httpx.AsyncClient, base: str, body: Any, query: dict[str, str], run_id: str
) -> None:
    known = (await ok(client, "GET", f"{base}/executions"))["run_id"]
    for each in (known, quote(run_id, safe="")):
        await assert_answered(client, "PATCH", f"{base}/executions/{each}/labels", body)
        await assert_answered(client, "PATCH", f"{base}/executions/{each}/name", body)
        assert (await client.get(f"{base}/executions/{each}/export", params=query)).status_code < 500
    for path in (f"{base}/visualization", f"{base}/groups", f"{base.replace('/v1', '/v1/analytics')}/failures"):
        assert (await client.get(path, params=query)).status_code < 500
