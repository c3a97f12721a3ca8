"""Features clustered each for itself: rows are together when they are together in every feature."""

from collections.abc import Sequence

import numpy as np

from services.worker.clusters.plan.cluster_plan import ClusterPlan
from services.worker.clusters.plan.group_sizes import NOISE
from services.worker.clusters.plan.parameters import Parameters
from services.worker.clusters.vectors.points import Labels

DEFAULT_SMALLEST = 5
# They choose how many clusters there are, but know no least size.
UNSIZED = ("mean_shift", "gaussian_mixture")


def agreed(labels: Sequence[Labels], smallest: int) -> Labels:
    """What all labellings, each (n,), have in common; noise of one is noise, and so are groups under `smallest`."""
    stacked = np.stack(labels, axis=1)
    _, groups, sizes = np.unique(stacked, axis=0, return_inverse=True, return_counts=True)
    groups = groups.reshape(-1)
    kept = (stacked != NOISE).all(axis=1) & (sizes[groups] >= smallest)
    return np.where(kept, groups, NOISE).astype(np.int64)


def smallest_heap(plan: ClusterPlan) -> int:
    """The fewest copies of one document that are a group by themselves."""
    return max(smallest_group(plan), DEFAULT_SMALLEST if plan.algorithm in UNSIZED else 1)


def smallest_group(plan: ClusterPlan) -> int:
    """The fewest rows that this plan lets be a cluster: what it asks for, and what its method has by default."""
    given = Parameters(plan.parameters, "vector_config.algorithm_params")
    if plan.algorithm == "dbscan":
        return given.whole("min_samples", DEFAULT_SMALLEST)
    if plan.algorithm in ("hdbscan", "auto"):
        return given.whole("min_cluster_size", DEFAULT_SMALLEST)
    return given.whole("min_samples", DEFAULT_SMALLEST) if plan.algorithm == "optics" else 1
