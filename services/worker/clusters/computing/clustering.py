"""A whole clustering, from the files of a plan to its outcome."""

from collections.abc import Sequence
from pathlib import Path

from services.worker.clusters.computing.assign_to_centroids import assign
from services.worker.clusters.computing.dominant_groups import MOST_SHARE
from services.worker.clusters.computing.reduction import check_steps
from services.worker.clusters.computing.sample import Sampling
from services.worker.clusters.computing.spread_labels import spread
from services.worker.clusters.methods.catalog import method_of
from services.worker.clusters.plan.cluster_plan import ClusterPlan
from services.worker.clusters.plan.group_sizes import (
    NOISE,
    degeneration,
    numbered_by_size,
    should_recluster,
    size_metrics,
    sizes_of,
)
from services.worker.clusters.plan.outcome import ClusterOutcome
from services.worker.clusters.plan.progress import Progress, Tell
from services.worker.clusters.vectors.centroids import centres_of, closeness
from services.worker.clusters.vectors.near_copies import equal_rows
from services.worker.clusters.vectors.open_vectors import open_vectors
from services.worker.clusters.vectors.points import Labels
from services.worker.clusters.vectors.vectors import Matrix, Rows, Vectors


def run(plan: ClusterPlan, folder: Path, tell: Tell) -> ClusterOutcome:
    """Clusters or assigns the rows of a folder; `tell(stage, percent)` is called as it goes."""
    progress = Progress(tell)
    if plan.mode == "assign":
        return assign(plan, folder, progress)
    method = method_of(plan.algorithm)
    check_steps(plan)
    vectors = open_vectors(plan, folder)
    progress.metrics |= {"algorithm": plan.algorithm}
    usable = _usable(vectors, progress)
    with progress.stage("folding", 4):
        distinct = equal_rows(vectors, usable)
    sampled = Sampling(plan=plan, method=method, vectors=vectors, progress=progress).sampled(usable, distinct)
    with progress.stage("spreading", 80):
        labels, coordinates = spread(vectors, usable[distinct.leaders], sampled, has_noise=method.has_noise)
    leaders = usable[distinct.leaders][distinct.of]
    labels[usable] = labels[leaders]
    if coordinates is not None:
        coordinates[usable] = coordinates[leaders]
    return _outcome(vectors, labels, coordinates, progress)


def _usable(vectors: Vectors, progress: Progress) -> Rows:
    with progress.stage("reading", 2):
        usable = vectors.usable()
    if len(usable) < len(vectors):
        progress.warn(f"{len(vectors) - len(usable)} document(s) have a vector that is zero or not finite: noise.")
    return usable


def _outcome(vectors: Vectors, labels: Labels, coordinates: Matrix | None, progress: Progress) -> ClusterOutcome:
    assignments = numbered_by_size(labels)
    clusters = int(assignments.max(initial=NOISE)) + 1
    with progress.stage("centroids", 90):
        found = centres_of(vectors, assignments, clusters)
    sizes = sizes_of(assignments, clusters)
    _tell_largest(sizes, len(vectors), progress)
    metrics = {**progress.metrics, **size_metrics(sizes, len(vectors)), **degeneration(sizes, len(vectors))}
    progress.advance("writing", 98)
    return ClusterOutcome(
        assignments=assignments,
        coordinates=coordinates,
        centroids=vectors.split(found.centroids),
        distances=found.distances,
        representatives=found.representatives,
        metrics={**metrics, **closeness(found.distances), "should_recluster": should_recluster(metrics)},
        warnings=progress.warnings,
    )


def _tell_largest(sizes: Sequence[int], points: int, progress: Progress) -> None:
    """Says that one of several groups holds most of the documents."""
    share = max(sizes, default=0) / points if points else 0.0
    progress.metrics["largest_group_share"] = round(share, 6)
    if len(sizes) > 1 and share > MOST_SHARE:
        progress.warn(
            f"The largest group holds {share:.0%} of the documents; if it mixes kinds, cluster it by itself "
            "(filters), or ask for more groups."
        )
