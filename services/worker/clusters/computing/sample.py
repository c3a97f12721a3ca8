"""The vectors that a method clusters at once: a sample, its copies folded, with labels and a picture."""

from dataclasses import dataclass

import numpy as np

from services.worker.clusters.computing.dominant_groups import divided
from services.worker.clusters.computing.feature_agreement import agreed, smallest_group, smallest_heap
from services.worker.clusters.computing.reduction import most_points, picture, reduce
from services.worker.clusters.computing.spread_labels import Sampled
from services.worker.clusters.methods.catalog import PARAMETERS_PATH, Method, fit
from services.worker.clusters.methods.quality import quality
from services.worker.clusters.plan.cluster_plan import ClusterPlan
from services.worker.clusters.plan.group_sizes import NOISE
from services.worker.clusters.plan.parameters import Parameters
from services.worker.clusters.plan.progress import Progress
from services.worker.clusters.vectors.near_copies import Folding, alone, carried, heavy_ones_stand, near_copies
from services.worker.clusters.vectors.neighbours import Neighbours
from services.worker.clusters.vectors.points import Labels, Points
from services.worker.clusters.vectors.vectors import Matrix, Rows, Vectors, drawn

SAMPLE_BYTES = 256 * 2**20
EQUAL = 1e-6
# The methods that look at all scales: beside something far away they may take all the rest for one.
DIVIDED = ("hdbscan", "auto")


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How a sample of vectors is clustered."""

    plan: ClusterPlan
    method: Method
    vectors: Vectors
    progress: Progress

    def sampled(self, usable: Rows, distinct: Folding) -> Sampled:
        """The sample: each stands for itself in the method, and its copies go where it goes."""
        most = min(most_points(self.plan, self.method), max(SAMPLE_BYTES // (4 * self.vectors.dimensions), 1))
        places = drawn(np.arange(len(distinct.leaders)), most)
        rows, counts = usable[distinct.leaders[places]], distinct.counts()[places]
        matrix = self.vectors.take(rows)
        with self.progress.stage("folding", 4):
            folding, neighbours = self._folded(matrix)
        weights = folding.counts(counts)
        self.progress.metrics |= {
            "sampled": len(places) < len(distinct.leaders),
            "sample_size": int(counts.sum()),
            "copies_folded": int(counts.sum()) - len(weights),
        }
        labels, coordinates = self._labelled(rows[folding.leaders], neighbours, weights)
        return Sampled(
            rows=rows,
            matrix=matrix,
            labels=labels[folding.of],
            coordinates=carried(coordinates, folding),
            voters=folding.leaders,
        )

    def _folded(self, matrix: Matrix) -> tuple[Folding, Neighbours]:
        """Vectors whose length counts are no copies for having one direction."""
        whole = Neighbours(matrix)
        return near_copies(whole) if self.plan.normalize else (alone(len(matrix)), whole)

    def _labelled(self, rows: Rows, neighbours: Neighbours, weights: Rows) -> tuple[Labels, Matrix | None]:
        """Labels and coordinates of the rows; `weights` says how many documents each stands for."""
        if len(rows) < 2 or np.ptp(neighbours.matrix, axis=0).max(initial=0) < EQUAL:
            return self._of_one_place(weights)
        points, labels = self._grouped(rows, neighbours)
        if self.method.chooses and self.plan.parameters.get("n_components", 1) == 1:
            labels = heavy_ones_stand(labels, weights, smallest_heap(self.plan), neighbours)
        if self.plan.algorithm in DIVIDED and len(self.plan.features) == 1:
            labels = divided(labels, neighbours, lambda part: self._clustered(part)[1], self.progress)
        with self.progress.stage("measuring", 60):
            self.progress.metrics |= quality(points.matrix, labels)
        with self.progress.stage("picture", 65):
            return labels, picture(self.plan, points, neighbours)

    def _grouped(self, rows: Rows, neighbours: Neighbours) -> tuple[Points, Labels]:
        if self.plan.feature_strategy != "independent" or len(self.plan.features) == 1:
            return self._clustered(neighbours)
        parts = [Neighbours(feature.take(rows)) for feature in self.vectors.features]
        labels = agreed([self._clustered(part)[1] for part in parts], smallest_group(self.plan))
        return Points(matrix=neighbours.matrix), labels

    def _clustered(self, neighbours: Neighbours) -> tuple[Points, Labels]:
        with self.progress.stage("reducing", 5):
            points = reduce(self.plan, self.method, neighbours, self.progress)
        with self.progress.stage("clustering", 50):
            given = Parameters(self.plan.parameters, PARAMETERS_PATH)
            return points, fit(self.plan.algorithm, points, given, self.progress)

    def _of_one_place(self, weights: Rows) -> tuple[Labels, Matrix | None]:
        """Without two different vectors there is nothing to tell apart: one cluster, or noise if too few for one."""
        documents, dimensions = int(weights.sum()), self.plan.vis_n_components
        if documents:
            self.progress.warn("All vectors are equal, or nearly so." if documents > 1 else "There is one vector only.")
        is_noise = self.method.has_noise and documents < smallest_group(self.plan)
        labels = np.full(len(weights), NOISE if is_noise else 0, np.int64)
        return labels, np.zeros((len(weights), dimensions), np.float32) if dimensions else None
