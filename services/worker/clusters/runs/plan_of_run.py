"""From what a cluster says to what the computation reads. Pure."""

from services.worker.clusters.plan.cluster_plan import ClusterPlan
from services.worker.clusters.runs.run import Run


def plan_of(run: Run, sample_limit: int) -> ClusterPlan:
    """The plan of a run; no picture where there is to be none yet, nor for what is only assigned."""
    vectors = run.vectors or {}
    dimensions = run.options.get("vis_n_components") or vectors.get("vis_n_components")
    no_picture = run.is_assign or run.options.get("defer_visualization")
    return ClusterPlan(
        algorithm=vectors["clustering_method"],
        features=run.feature_uris,
        parameters=vectors.get("algorithm_params", {}),
        preprocessing=tuple(vectors.get("preprocessing_steps", ())),
        normalize=vectors.get("normalize_features", True),
        feature_strategy=vectors.get("multi_feature_strategy", "concatenate"),
        feature_weights=vectors.get("feature_weights", {}),
        vis_n_components=None if no_picture else dimensions,
        sample_limit=sample_limit,
        mode="assign" if run.is_assign else "full",
        assignment_threshold=run.options.get("assignment_threshold", 0.5),
    )
