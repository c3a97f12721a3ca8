"""A group that is most of the set: divided once more where that tells its members apart, and told where it does not."""

from collections.abc import Callable

import numpy as np

from services.worker.clusters.methods.quality import silhouette
from services.worker.clusters.plan.group_sizes import NOISE
from services.worker.clusters.plan.progress import Progress
from services.worker.clusters.vectors.neighbours import Neighbours
from services.worker.clusters.vectors.points import Labels
from services.worker.clusters.vectors.vectors import Matrix, unit

MOST_SHARE = 0.5
MOST_NOISE = 0.5
FEWEST = 16
Cluster = Callable[[Neighbours], Labels]


def divided(labels: Labels, neighbours: Neighbours, cluster: Cluster, progress: Progress) -> Labels:
    """The labels, the largest group clustered by itself when it holds most points and that tells them apart better.

    Beside something very unlike all others, a method that looks at all scales sees those others as one.
    """
    largest = dominant(labels)
    members = np.flatnonzero(labels == largest)
    if largest is None or len(members) < FEWEST or len(np.unique(labels[labels != NOISE])) < 2:
        return labels
    parts = cluster(Neighbours(neighbours.matrix[members]))
    if parts.max(initial=NOISE) < 1 or float(np.mean(parts == NOISE)) > MOST_NOISE:
        return labels
    finer = labels.copy()
    finer[members] = np.where(parts == NOISE, NOISE, labels.max() + 1 + parts)
    if _score(neighbours.matrix, finer) <= _score(neighbours.matrix, labels):
        return labels
    progress.metrics["divided_once_more"] = True
    return finer


def dominant(labels: Labels) -> int | None:
    """The group that holds more than half of the points, noise among them."""
    sizes = np.bincount(labels[labels != NOISE], minlength=1)
    return int(sizes.argmax()) if sizes.max() > MOST_SHARE * len(labels) else None


def _score(matrix: Matrix, labels: Labels) -> float:
    known = labels != NOISE
    found = silhouette(unit(matrix[known]), labels[known])
    return -1.0 if found is None else found
