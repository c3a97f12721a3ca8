"""Mode "assign": rows go to clusters that are there already."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.worker.clusters.plan.cluster_plan import ClusterPlan
from services.worker.clusters.plan.group_sizes import NOISE, size_metrics, sizes_of
from services.worker.clusters.plan.outcome import ClusterOutcome
from services.worker.clusters.plan.progress import Progress
from services.worker.clusters.vectors.centroids import around, closeness
from services.worker.clusters.vectors.open_vectors import open_vectors
from services.worker.clusters.vectors.vectors import Matrix, Vectors, unit


def assign(plan: ClusterPlan, folder: Path, progress: Progress) -> ClusterOutcome:
    """Each row to the nearest centroid, NOISE when its cosine similarity is under the plan's threshold."""
    vectors, given = open_vectors(plan, folder), open_vectors(plan, folder, "centroids")
    centroids = given.take(slice(None))
    with progress.stage("assigning", 10):
        assignments = _nearest(vectors, np.nan_to_num(unit(centroids)), plan.assignment_threshold)
    with progress.stage("measuring", 80):
        found = around(vectors, assignments, centroids)
    sizes = sizes_of(assignments, len(centroids))
    return ClusterOutcome(
        assignments=assignments,
        coordinates=None,
        centroids=given.split(centroids),
        distances=found.distances,
        representatives=found.representatives,
        metrics={**progress.metrics, **size_metrics(sizes, len(vectors)), **closeness(found.distances)},
        warnings=progress.warnings,
    )


def _nearest(vectors: Vectors, directions: Matrix, threshold: float) -> NDArray[np.int32]:
    assignments = np.full(len(vectors), NOISE, np.int32)
    if not len(directions):
        return assignments
    for piece, matrix in vectors.chunks(vectors.usable()):
        cosines = unit(matrix) @ directions.T
        best = cosines.argmax(axis=1)
        near = np.take_along_axis(cosines, best[:, None], axis=1)[:, 0] >= threshold
        assignments[piece] = np.where(near, best, NOISE)
    return assignments
