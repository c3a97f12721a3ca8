"""A whole clustering, from the files of a plan to its outcome."""

from pathlib import Path

import numpy as np

from services.worker.clustering.agreement import agreed, smallest_group
from services.worker.clustering.assigning import assign
from services.worker.clustering.centres import centres_of, closeness
from services.worker.clustering.measures import quality
from services.worker.clustering.methods import PARAMETERS_PATH, Method, fit, method_of
from services.worker.clustering.neighbours import Neighbours
from services.worker.clustering.notes import Notes, Tell
from services.worker.clustering.outcome import ClusterOutcome
from services.worker.clustering.parameters import Parameters
from services.worker.clustering.plan import ClusterPlan
from services.worker.clustering.points import Labels, Points
from services.worker.clustering.reading import open_vectors
from services.worker.clustering.reduction import check_steps, most_points, picture, reduce
from services.worker.clustering.shape import (
    NOISE,
    degeneration,
    numbered_by_size,
    should_recluster,
    size_metrics,
    sizes_of,
)
from services.worker.clustering.spreading import Sampled, spread
from services.worker.clustering.vectors import Matrix, Rows, Vectors, drawn

SAMPLE_BYTES = 256 * 2**20
EQUAL = 1e-6


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
    sampled = _clustered_sample(plan, method, vectors, usable, notes)
    with notes.stage("spreading", 80):
        labels, coordinates = spread(vectors, usable, sampled, has_noise=method.has_noise)
    return _outcome(vectors, labels, coordinates, notes)


def _usable(vectors: Vectors, notes: Notes) -> Rows:
    with notes.stage("reading", 2):
        usable = vectors.usable()
    if len(usable) < len(vectors):
        notes.warn(f"{len(vectors) - len(usable)} document(s) have a vector that is zero or not finite: noise.")
    return usable


def _clustered_sample(plan: ClusterPlan, method: Method, vectors: Vectors, usable: Rows, notes: Notes) -> Sampled:
    most = min(most_points(plan, method), max(SAMPLE_BYTES // (4 * vectors.dimensions), 1))
    rows = drawn(usable, most)
    notes.metrics |= {"sampled": len(rows) < len(usable), "sample_size": len(rows)}
    matrix = vectors.take(rows)
    if len(rows) < 2 or np.ptp(matrix, axis=0).max(initial=0) < EQUAL:
        return _of_one_place(plan, method, rows, matrix, notes)
    neighbours = Neighbours(matrix)
    if plan.feature_strategy == "independent" and len(plan.features) > 1:
        parts = [Neighbours(feature.take(rows)) for feature in vectors.features]
        smallest = smallest_group(plan)
        labels = agreed([_clustered(plan, method, part, notes)[1] for part in parts], smallest)
        points = Points(matrix=matrix)
    else:
        points, labels = _clustered(plan, method, neighbours, notes)
    with notes.stage("measuring", 60):
        notes.metrics |= quality(points.matrix, labels)
    with notes.stage("picture", 65):
        coordinates = picture(plan, points, neighbours)
    return Sampled(rows=rows, matrix=matrix, labels=labels, coordinates=coordinates)


def _clustered(plan: ClusterPlan, method: Method, neighbours: Neighbours, notes: Notes) -> tuple[Points, Labels]:
    with notes.stage("reducing", 5):
        points = reduce(plan, method, neighbours, notes)
    with notes.stage("clustering", 50):
        return points, fit(plan.algorithm, points, Parameters(plan.parameters, PARAMETERS_PATH), notes)


def _of_one_place(plan: ClusterPlan, method: Method, rows: Rows, matrix: Matrix, notes: Notes) -> Sampled:
    """Without two different vectors there is nothing to tell apart: one cluster, or noise if too few for one."""
    is_noise = method.has_noise and len(rows) < smallest_group(plan)
    if len(rows):
        notes.warn("All vectors are equal." if len(rows) > 1 else "There is one vector only.")
    coordinates = np.zeros((len(rows), plan.vis_n_components), np.float32) if plan.vis_n_components else None
    return Sampled(
        rows=rows,
        matrix=matrix,
        labels=np.full(len(rows), NOISE if is_noise else 0, np.int64),
        coordinates=coordinates,
    )


def _outcome(vectors: Vectors, labels: Labels, coordinates: Matrix | None, notes: Notes) -> ClusterOutcome:
    assignments = numbered_by_size(labels)
    clusters = int(assignments.max(initial=NOISE)) + 1
    with notes.stage("centroids", 90):
        found = centres_of(vectors, assignments, clusters)
    sizes = sizes_of(assignments, clusters)
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
