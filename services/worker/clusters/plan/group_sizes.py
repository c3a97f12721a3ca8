"""How the sizes of clusters are told: numbering, averages, and whether they tell anything at all. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.worker.clusters.plan.cluster_plan import JsonObject

NOISE = -1
DOMINANT = 0.9
SINGLETONS = 0.9
LEAST_SILHOUETTE = 0.25
MOST_NOISE = 0.5


def numbered_by_size(labels: NDArray[np.int64]) -> NDArray[np.int32]:
    """The same groups numbered 0..k-1 by falling size, equal sizes by their first member; NOISE stays."""
    clustered = labels != NOISE
    _, first, inverse, sizes = np.unique(labels[clustered], return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), np.int32)
    rank[np.lexsort((first, -sizes))] = np.arange(len(sizes), dtype=np.int32)
    numbered = np.full(len(labels), NOISE, np.int32)
    numbered[clustered] = rank[inverse]
    return numbered


def sizes_of(assignments: NDArray[np.int32], clusters: int) -> list[int]:
    """Members of each cluster, noise left out."""
    return [int(size) for size in np.bincount(assignments[assignments != NOISE], minlength=clusters)]


def size_metrics(sizes: Sequence[int], points: int) -> JsonObject:
    """The contract's metrics that follow from the sizes alone; the entropy is in nats."""
    clustered = sum(sizes)
    shares = np.array([size / clustered for size in sizes if size]) if clustered else np.zeros(0)
    return {
        "avg_cluster_size": clustered / len(sizes) if sizes else 0.0,
        "noise_ratio": (points - clustered) / points if points else 0.0,
        "cluster_size_entropy": max(float(-(shares * np.log(shares)).sum()), 0.0),
    }


def degeneration(sizes: Sequence[int], points: int) -> JsonObject:
    """`degenerate`: False, or the contract's word for the way in which the clusters tell nothing."""
    clustered = sum(sizes)
    noise, count = points - clustered, len(sizes)
    if not clustered:
        detail = f"none of {points} point(s) was clustered" if points else "there was nothing to cluster"
        return {"degenerate": "all_noise", "degenerate_detail": detail}
    if count == 1:
        detail = f"1 cluster holds all {clustered} clustered point(s) ({noise} noise)"
        return {"degenerate": "single_cluster", "degenerate_detail": detail}
    if count >= SINGLETONS * clustered:
        detail = f"{clustered} clustered point(s) are in {count} clusters ({noise} noise)"
        return {"degenerate": "all_singletons", "degenerate_detail": detail}
    if max(sizes) >= DOMINANT * clustered:
        share = f"1 of {count} cluster(s) holds {max(sizes) / clustered:.1%} of the {clustered} clustered point(s)"
        return {"degenerate": "dominant_cluster", "degenerate_detail": f"{share} ({noise} noise)"}
    return {"degenerate": False}


def should_recluster(metrics: JsonObject) -> float:
    """1.0 when other parameters are worth a try, else 0.0."""
    silhouette = metrics.get("silhouette_score")
    is_weak = silhouette is not None and silhouette < LEAST_SILHOUETTE
    return float(bool(metrics.get("degenerate")) or is_weak or metrics.get("noise_ratio", 0.0) > MOST_NOISE)
