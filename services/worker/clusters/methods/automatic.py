"""The method `auto`: density first, and k-means where density shows nothing."""

import numpy as np

from services.worker.clusters.methods.density import hdbscan
from services.worker.clusters.methods.partition import kmeans
from services.worker.clusters.methods.quality import silhouette
from services.worker.clusters.plan.group_sizes import NOISE
from services.worker.clusters.plan.parameters import Parameters
from services.worker.clusters.plan.progress import Progress
from services.worker.clusters.vectors.points import Labels, Points

SMALLEST, LARGEST = 5, 50
CLUSTERS = range(2, 9)
MOST_NOISE = 0.5


def automatic(points: Points, parameters: Parameters, progress: Progress) -> Labels:
    """HDBSCAN; k-means with the best silhouette when that finds fewer than two clusters, or mostly noise."""
    path = "vector_config.algorithm_params"
    smallest = min(max(len(points) // 200, SMALLEST), LARGEST)
    labels = hdbscan(points, Parameters({"min_cluster_size": smallest}, path), progress)
    if labels.max(initial=NOISE) > 0 and float(np.mean(labels == NOISE)) <= MOST_NOISE:
        progress.metrics |= {"algorithm": "hdbscan", "min_cluster_size": smallest}
        return labels
    if len(points) <= CLUSTERS.start:
        progress.metrics["algorithm"] = "hdbscan"
        return labels
    choices = [Parameters({"n_clusters": number}, path) for number in CLUSTERS if number < len(points)]
    found = max(
        (kmeans(points, choice, progress) for choice in choices), key=lambda labels: _silhouette(points, labels)
    )
    progress.metrics |= {"algorithm": "kmeans", "n_clusters": int(found.max()) + 1}
    return found


def _silhouette(points: Points, labels: Labels) -> float:
    score = silhouette(points.matrix, labels)
    return -1.0 if score is None else score
