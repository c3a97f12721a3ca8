"""A whole clustering, from the files of a plan to its outcome."""

from collections.abc import Sequence
from pathlib import Path

from services.worker.clustering.assigning import assign
from services.worker.clustering.centres import centres_of, closeness
from services.worker.clustering.copies import equal_rows
from services.worker.clustering.large_groups import MOST_SHARE
from services.worker.clustering.methods import method_of
from services.worker.clustering.notes import Notes, Tell
from services.worker.clustering.outcome import ClusterOutcome
from services.worker.clustering.plan import ClusterPlan
from services.worker.clustering.points import Labels
from services.worker.clustering.reading import open_vectors
from services.worker.clustering.reduction import check_steps
from services.worker.clustering.sample import Sampling
from services.worker.clustering.shape import (
    NOISE,
    degeneration,
    numbered_by_size,
    should_recluster,
    size_metrics,
    sizes_of,
)
from services.worker.clustering.spreading import spread
from services.worker.clustering.vectors import Matrix, Rows, Vectors


def run(plan: ClusterPlan, folder: Path, tell: Tell) -> ClusterOutcome:
    """Clusters or assigns the rows of a folder; `tell(stage, percent)` is called as it goes."""
    notes = Notes(tell)
    if plan.mode == "assign":
        return assign(plan, folder, notes)
    method = method_of(plan.algorithm)
    check_steps(plan)
    vectors = open_vectors(plan, folder)
    notes.metrics |= {"algorithm": plan.algorithm}
    usable = _usable(vectors, notes)
    with notes.stage("folding", 4):
        distinct = equal_rows(vectors, usable)
    sampled = Sampling(plan=plan, method=method, vectors=vectors, notes=notes).sampled(usable, distinct)
    with notes.stage("spreading", 80):
        labels, coordinates = spread(vectors, usable[distinct.leaders], sampled, has_noise=method.has_noise)
    leaders = usable[distinct.leaders][distinct.of]
    labels[usable] = labels[leaders]
    if coordinates is not None:
        coordinates[usable] = coordinates[leaders]
    return _outcome(vectors, labels, coordinates, notes)


def _usable(vectors: Vectors, notes: Notes) -> Rows:
    with notes.stage("reading", 2):
        usable = vectors.usable()
    if len(usable) < len(vectors):
        notes.warn(f"{len(vectors) - len(usable)} document(s) have a vector that is zero or not finite: noise.")
    return usable


def _outcome(vectors: Vectors, labels: Labels, coordinates: Matrix | None, notes: Notes) -> ClusterOutcome:
    assignments = numbered_by_size(labels)
    clusters = int(assignments.max(initial=NOISE)) + 1
    with notes.stage("centroids", 90):
        found = centres_of(vectors, assignments, clusters)
    sizes = sizes_of(assignments, clusters)
    _tell_largest(sizes, len(vectors), notes)
    metrics = {**notes.metrics, **size_metrics(sizes, len(vectors)), **degeneration(sizes, len(vectors))}
    notes.advance("writing", 98)
    return ClusterOutcome(
        assignments=assignments,
        coordinates=coordinates,
        centroids=vectors.split(found.centroids),
        distances=found.distances,
        representatives=found.representatives,
        metrics={**metrics, **closeness(found.distances), "should_recluster": should_recluster(metrics)},
        warnings=notes.warnings,
    )


def _tell_largest(sizes: Sequence[int], points: int, notes: Notes) -> None:
    """Says that one of several groups holds most of the documents."""
    share = max(sizes, default=0) / points if points else 0.0
    notes.metrics["largest_group_share"] = round(share, 6)
    if len(sizes) > 1 and share > MOST_SHARE:
        notes.warn(
            f"The largest group holds {share:.0%} of the documents; if it mixes kinds, cluster it by itself "
            "(filters), or ask for more groups."
        )
