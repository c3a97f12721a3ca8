"""Methods that put every point into a cluster: labels (n,), none of them noise."""

import numpy as np
from numpy.typing import NDArray

from services.worker.clusters.plan.parameters import Parameters
from services.worker.clusters.plan.progress import Progress
from services.worker.clusters.vectors.points import Labels, Points, at_most, measured
from services.worker.clusters.vectors.vectors import drawn

MOST_CLUSTERS = 1000
MOST_ROUNDS = 10_000
MIXTURES = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50)
COMPARED_POINTS = 2000
LINKAGES = ("ward", "complete", "average", "single")
COVARIANCES = ("full", "tied", "diag", "spherical")


def kmeans(points: Points, parameters: Parameters, progress: Progress) -> Labels:
    """k-means."""
    from sklearn.cluster import KMeans

    model = KMeans(
        n_clusters=_how_many(points, parameters, 8, progress),
        init=parameters.choice("init", "k-means++", ("k-means++", "random")),
        n_init=parameters.whole("n_init", 10, high=100),
        max_iter=parameters.whole("max_iter", 300, high=MOST_ROUNDS),
        tol=parameters.number("tol", 1e-4),
        algorithm=parameters.choice("algorithm", "lloyd", ("lloyd", "elkan")),
        random_state=parameters.seed,
    )
    return np.asarray(model.fit_predict(points.matrix), np.int64)


def agglomerative(points: Points, parameters: Parameters, progress: Progress) -> Labels:
    """Merges the nearest clusters until `n_clusters` are left, or none is nearer than `distance_threshold`."""
    from sklearn.cluster import AgglomerativeClustering

    seen = measured(points, parameters, "metric" if parameters.has("metric") else "affinity")
    linkage = parameters.choice("linkage", "ward", LINKAGES)
    if linkage == "ward" and seen.metric != "euclidean":
        raise parameters.wrong("linkage", f"be complete, average or single with the metric {seen.metric}")
    threshold = parameters.number("distance_threshold", 0.0) if parameters.has("distance_threshold") else None
    model = AgglomerativeClustering(
        n_clusters=_how_many(points, parameters, 2, progress) if threshold is None else None,
        distance_threshold=None if threshold is None else seen.radius(threshold),
        metric=seen.metric,
        linkage=linkage,
    )
    return np.asarray(model.fit_predict(seen.matrix), np.int64)


def spectral(points: Points, parameters: Parameters, progress: Progress) -> Labels:
    """Cuts the graph of likenesses."""
    from sklearn.cluster import SpectralClustering

    if len(points) == 2:  # of a graph of two nodes it finds one part
        return np.arange(_how_many(points, parameters, 8, progress))[[0, -1]]
    most = max(len(points) - 1, 1)
    affinity = parameters.choice("affinity", "rbf", ("rbf", "nearest_neighbors", "laplacian"))
    near = parameters.whole("n_neighbors", 10)
    components = parameters.whole("n_components", 1) if parameters.has("n_components") else None
    model = SpectralClustering(
        n_clusters=min(_how_many(points, parameters, 8, progress), most),
        n_components=components and at_most(components, most, "n_components", progress),
        affinity=affinity,
        gamma=parameters.positive("gamma", 1.0),
        n_neighbors=at_most(near, most, "n_neighbors", progress) if affinity == "nearest_neighbors" else near,
        n_init=parameters.whole("n_init", 10, high=100),
        assign_labels=parameters.choice("assign_labels", "kmeans", ("kmeans", "discretize", "cluster_qr")),
        random_state=parameters.seed,
    )
    return np.asarray(model.fit_predict(points.matrix), np.int64)


def gaussian_mixture(points: Points, parameters: Parameters, progress: Progress) -> Labels:
    """The likeliest of `n_components` Gaussians; unless there are to be several, as many as the BIC prefers."""
    from sklearn.mixture import GaussianMixture

    def fit(matrix: NDArray[np.float64], components: int) -> GaussianMixture:
        return GaussianMixture(
            n_components=components,
            covariance_type=parameters.choice("covariance_type", "full", COVARIANCES),
            tol=parameters.positive("tol", 1e-3),
            reg_covar=parameters.number("reg_covar", 1e-6),
            max_iter=parameters.whole("max_iter", 100, high=MOST_ROUNDS),
            n_init=parameters.whole("n_init", 1, high=100),
            init_params=parameters.choice(
                "init_params", "kmeans", ("kmeans", "k-means++", "random", "random_from_data")
            ),
            random_state=parameters.seed,
        ).fit(matrix)

    matrix = points.matrix.astype(np.float64)
    wanted = at_most(parameters.whole("n_components", 1, high=MOST_CLUSTERS), len(points), "n_components", progress)
    if wanted == 1:
        some = matrix[drawn(np.arange(len(points)), COMPARED_POINTS)]
        choices = [components for components in MIXTURES if components <= len(some)]
        wanted = min(choices, key=lambda components: float(fit(some, components).bic(some)))
        progress.metrics["n_components_by_bic"] = wanted
    return np.asarray(fit(matrix, wanted).predict(matrix), np.int64)


def _how_many(points: Points, parameters: Parameters, default: int, progress: Progress) -> int:
    wanted = parameters.whole("n_clusters", default, high=MOST_CLUSTERS)
    return at_most(wanted, len(points), "n_clusters", progress)
