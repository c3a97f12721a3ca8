"""Fewer dimensions by UMAP, t-SNE, principal components or whitening."""

from dataclasses import dataclass

import numpy as np

from services.common.errors import InvalidArgumentError
from services.worker.clusters.plan.parameters import SEED, Parameters
from services.worker.clusters.plan.progress import Progress
from services.worker.clusters.vectors.neighbours import METRICS, Neighbours
from services.worker.clusters.vectors.vectors import Matrix

PICTURE_NEIGHBOURS = 15
# The contract's default; of few points a fifth, since with more of them all is near to all and nothing stands apart.
MOST_USUAL, FEWEST_USUAL, USUAL_SHARE = 30, 5, 5
# Fewer points than this have too few neighbours for UMAP to tell near from far.
UMAP_POINTS = 16
MOST_DIMENSIONS = 256
TSNE_DIMENSIONS = (2, 3)
TSNE_PERPLEXITY_SHARE = 3


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What UMAP is to make; `neighbours` is how many of each point's it keeps near."""

    dimensions: int
    neighbours: int = PICTURE_NEIGHBOURS
    min_dist: float = 0.0
    metric: str = "cosine"
    seed: int = SEED


def umap(neighbours: Neighbours, layout: Layout) -> Matrix:
    """Coordinates (n, dimensions), n >= UMAP_POINTS."""
    from umap import UMAP

    count = min(layout.neighbours, len(neighbours.matrix) - 1)
    # The most that anything asks for is found at once, so that later layouts share it.
    graph = neighbours.graph(layout.metric, max(count, PICTURE_NEIGHBOURS)).nearest(count)
    model = UMAP(
        n_components=layout.dimensions,
        n_neighbors=count,
        min_dist=layout.min_dist,
        metric=layout.metric,
        random_state=layout.seed,
        n_jobs=1,
        init="spectral" if layout.dimensions < len(neighbours.matrix) - 1 else "random",
        precomputed_knn=(graph.rows, graph.distances),
    )
    return finite(np.asarray(model.fit_transform(neighbours.matrix), np.float32))


def umap_step(neighbours: Neighbours, given: Parameters, progress: Progress) -> Matrix:
    """The contract's UMAPParams; few points are laid out by their principal components."""
    points = len(neighbours.matrix)
    usual = min(MOST_USUAL, max(FEWEST_USUAL, points // USUAL_SHARE))
    layout = Layout(
        dimensions=given.whole("n_components", 50, low=2, high=MOST_DIMENSIONS),
        neighbours=given.whole("n_neighbors", usual, low=2, high=1000),
        min_dist=given.number("min_dist", 0.0, high=1.0),
        metric=given.choice("metric", "cosine", METRICS),
        seed=given.seed,
    )
    if points < UMAP_POINTS:
        progress.warn(f"UMAP needs {UMAP_POINTS} points and there are {points}: principal components were used.")
        return components(neighbours.matrix, layout.dimensions)
    if layout.neighbours >= points:
        progress.warn(f"n_neighbors was lowered from {layout.neighbours} to {points - 1}.")
    return umap(neighbours, layout)


def tsne_step(neighbours: Neighbours, given: Parameters, progress: Progress) -> Matrix:
    """The contract's TSNEParams, for 2 or 3 dimensions."""
    from sklearn.manifold import TSNE

    dimensions = given.whole("n_components", 2, low=2, high=MOST_DIMENSIONS)
    if dimensions not in TSNE_DIMENSIONS:
        raise given.wrong("n_components", "be 2 or 3 for tsne; umap gives more dimensions")
    perplexity, most = given.positive("perplexity", 30.0), (len(neighbours.matrix) - 1) / TSNE_PERPLEXITY_SHARE
    if most < 1:
        return components(neighbours.matrix, dimensions)
    if perplexity > most:
        progress.warn(f"perplexity was lowered from {perplexity:g} to {most:g}: there are too few points.")
    model = TSNE(
        n_components=dimensions,
        perplexity=min(perplexity, most),
        learning_rate=given.positive("learning_rate", 200.0),
        init="random" if dimensions > min(neighbours.matrix.shape) else "pca",
        random_state=given.seed,
    )
    return finite(np.asarray(model.fit_transform(neighbours.matrix), np.float32))


def pca_step(neighbours: Neighbours, given: Parameters, progress: Progress) -> Matrix:
    """The first principal components."""
    return components(neighbours.matrix, given.whole("n_components", 50, low=2, high=MOST_DIMENSIONS))


def whitening_step(neighbours: Neighbours, given: Parameters, progress: Progress) -> Matrix:
    """The contract's WhiteningParams: no direction varies more than another; `regularization` is the least variance."""
    floor = given.number("regularization", 1e-5)
    centred = neighbours.matrix - neighbours.matrix.mean(axis=0)
    variances, directions = np.linalg.eigh(np.atleast_2d(np.cov(centred, rowvar=False)))
    scale = 1 / np.sqrt(np.maximum(variances, max(floor, 1e-12)))
    return np.asarray(centred @ (directions * scale), np.float32)


def components(matrix: Matrix, dimensions: int) -> Matrix:
    """Principal components (n, dimensions); zeros where there are not so many."""
    from sklearn.decomposition import PCA

    count = min(dimensions, *matrix.shape)
    padded = np.zeros((len(matrix), dimensions), np.float32)
    if len(matrix) > 1:
        padded[:, :count] = PCA(count, random_state=SEED).fit_transform(matrix)
    return finite(padded)


def finite(layout: Matrix) -> Matrix:
    """The layout; refuses one that fell apart."""
    if not np.isfinite(layout).all():
        raise InvalidArgumentError(
            "The reduction gave no finite coordinates; try other preprocessing.", path="vector_config"
        )
    return layout
