"""What a run tells the computation, and whether it saw all that it should have seen."""

from typing import Any

from services.worker.clusters.runs.lifecycle import Result
from services.worker.clusters.runs.missing_documents import reasons_of
from services.worker.clusters.runs.plan_of_run import plan_of
from services.worker.clusters.runs.run import Run

VECTORS = {
    "clustering_method": "hdbscan",
    "algorithm_params": {"min_cluster_size": 5},
    "preprocessing_steps": [{"method": "umap", "n_components": 2}],
    "vis_n_components": 2,
    "sample_size": 100,
}


def run_with(mode: str = "full", method: str = "hdbscan", **options: Any) -> Run:
    return Run(
        run_id="run_a",
        base_run_id="run_a" if mode == "full" else "run_b",
        attempt=1,
        cluster_id="clust_a",
        cluster_name="a",
        namespace_id="ns_1",
        mode=mode,
        collection_ids=("col_1",),
        missing_collections=(),
        feature_uris=("uri",),
        config={"vector_config": VECTORS | {"clustering_method": method}},
        filters=None,
        llm_labeling={"enabled": True},
        options=options,
        base_models={},
    )


def result_of(documents: int, clustered: int) -> Result:
    return Result(num_clusters=1, num_points=documents, source_documents=100, documents=documents, clustered=clustered)


def test_a_plan_is_what_the_cluster_says() -> None:
    plan = plan_of(run_with(), sample_limit=500)
    assert (plan.algorithm, plan.features, plan.parameters) == ("hdbscan", ("uri",), {"min_cluster_size": 5})
    assert plan.preprocessing == ({"method": "umap", "n_components": 2},)
    assert (plan.vis_n_components, plan.sample_limit, plan.mode) == (2, 500, "full")


def test_what_an_execution_asks_for_holds_for_it() -> None:
    assert plan_of(run_with(vis_n_components=3), 500).vis_n_components == 3
    assert plan_of(run_with(defer_visualization=True), 500).vis_n_components is None
    assigning = plan_of(run_with("assign", assignment_threshold=0.7), 500)
    assert (assigning.mode, assigning.assignment_threshold, assigning.vis_n_components) == ("assign", 0.7, None)
    asked = run_with(sample_size=7, llm_labeling={"enabled": False})
    assert (asked.sample_size, asked.naming, run_with().sample_size) == (7, {"enabled": False}, 100)


def test_only_what_nobody_asked_for_is_a_reason() -> None:
    assert reasons_of(run_with(), result_of(100, 60)) == ()
    assert reasons_of(run_with(sample_size=40), result_of(40, 40)) == ()
    assert "10 of 100" in reasons_of(run_with(), result_of(90, 90))[0]
    assert "kmeans" in reasons_of(run_with(method="kmeans"), result_of(100, 99))[0]
