"""Opens the files of a plan."""

import math
from pathlib import Path

import numpy as np

from services.common.errors import InvalidArgumentError
from services.worker.clusters.plan.cluster_plan import ClusterPlan
from services.worker.clusters.vectors.vectors import Vectors

WEIGHTS_PATH = "vector_config.feature_weights"


def open_vectors(plan: ClusterPlan, folder: Path, kind: str = "vectors") -> Vectors:
    """The plan's features as memory maps; `kind` may also be "centroids"."""
    stored = tuple(
        np.load(folder / f"{kind}_{number}.npy", mmap_mode="r", allow_pickle=False)
        for number in range(len(plan.features))
    )
    return Vectors(stored, scales(plan), normalize=plan.normalize)


def scales(plan: ClusterPlan) -> tuple[float, ...]:
    """What each feature's vectors are multiplied by: the roots of their shares in the likeness of two rows."""
    weights = [1.0] * len(plan.features)
    if plan.feature_strategy == "weighted":
        weights = [float(plan.feature_weights.get(feature, 1.0)) for feature in plan.features]
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights) or not sum(weights):
        message = f"{WEIGHTS_PATH} must be numbers of 0 or more, one of them over 0."
        raise InvalidArgumentError(message, path=WEIGHTS_PATH)
    return tuple(math.sqrt(weight / sum(weights)) for weight in weights)
