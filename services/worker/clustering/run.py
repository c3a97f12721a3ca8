"""A first clustering."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from services.common.errors import InvalidArgumentError
from services.worker.clustering.outcome import ClusterOutcome
from services.worker.clustering.plan import ClusterPlan

Tell = Callable[[str, float], None]


def run(plan: ClusterPlan, folder: Path, tell: Tell) -> ClusterOutcome:
    """Clusters the first feature's vectors."""
    from sklearn.cluster import HDBSCAN, KMeans

    tell("clustering", 10.0)
    vectors = np.load(folder / "vectors_0.npy", mmap_mode="r").astype(np.float32)
    if plan.algorithm == "kmeans":
        found = KMeans(min(plan.parameters.get("n_clusters", 8), len(vectors)), random_state=42).fit_predict(vectors)
    elif plan.algorithm == "hdbscan":
        found = HDBSCAN(plan.parameters.get("min_cluster_size", 5), copy=False).fit_predict(vectors)
    else:
        raise InvalidArgumentError(f"No clustering method '{plan.algorithm}'.", path="vector_config.clustering_method")
    sizes = np.bincount(found[found >= 0]) if (found >= 0).any() else np.zeros(0, int)
    rank = np.argsort(np.argsort(-sizes, kind="stable"))
    labels = np.where(found >= 0, rank[found] if len(rank) else -1, -1).astype(np.int32)
    centroids = np.array([vectors[labels == c].mean(0) for c in range(len(sizes))], np.float32)
    centroids = centroids.reshape(len(sizes), vectors.shape[1])
    near = (
        np.einsum("ij,ij->i", vectors, centroids[labels])
        / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(centroids[labels], axis=1))
        if len(sizes)
        else np.zeros(len(vectors))
    )
    distances = np.where(labels >= 0, 1 - near, np.nan).astype(np.float32)
    rows = [np.flatnonzero(labels == c) for c in range(len(sizes))]
    nearest = tuple(tuple(int(i) for i in r[np.argsort(distances[r], kind="stable")][:20]) for r in rows)
    coordinates = None if plan.vis_n_components is None else vectors[:, : plan.vis_n_components].copy()
    return ClusterOutcome(
        assignments=labels,
        coordinates=coordinates,
        centroids=(centroids,),
        distances=distances,
        representatives=nearest,
        metrics={"noise_ratio": float((labels < 0).mean()) if len(labels) else 0.0},
    )
