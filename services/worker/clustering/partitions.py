"""Methods that put every point into a cluster: labels (n,), none of them noise."""

import numpy as np

from services.worker.clustering.notes import Notes
from services.worker.clustering.parameters import Parameters
from services.worker.clustering.points import Labels, Points, at_most, measured

MOST_CLUSTERS = 1000
MOST_ROUNDS = 10_000
MIXTURES = range(1, 11)
LINKAGES = ("ward", "complete", "average", "single")
COVARIANCES = ("full", "tied", "diag", "spherical")


def kmeans(points: Points, parameters: Parameters, notes: Notes) -> Labels:
    """k-means."""
    from sklearn.cluster import KMeans

    model = KMeans(
        n_clusters=_how_many(points, parameters, 8, notes),
        init=parameters.choice("init", "k-means++", ("k-means++", "random")),
        n_init=parameters.whole("n_init", 10, high=100),
        max_iter=parameters.whole("max_iter", 300, high=MOST_ROUNDS),
        tol=parameters.number("tol", 1e-4),
        algorithm=parameters.choice("algorithm", "lloyd", ("lloyd", "elkan")),
        random_state=parameters.seed,
    )
    return np.asarray(model.fit_predict(points.matrix), np.int64)


def agglomerative(points: Points, parameters: Parameters, notes: Notes) -> Labels:
    """Merges the nearest clusters until `n_clusters` are left, or none is nearer than `distance_threshold`."""
    from sklearn.cluster import AgglomerativeClustering

    seen = measured(points, parameters, "metric" if parameters.has("metric") else "affinity")
    linkage = parameters.choice("linkage", "ward", LINKAGES)
    if linkage == "ward" and seen.metric != "euclidean":
        raise parameters.wrong("linkage", f"be complete, average or single with the metric {seen.metric}")
    threshold = parameters.number("distance_threshold", 0.0) if parameters.has("distance_threshold") else None
    model = AgglomerativeClustering(
        n_clusters=_how_many(points, parameters, 2, notes) if threshold is None else None,
        distance_threshold=None if threshold is None else seen.radius(threshold),
        metric=seen.metric,
        linkage=linkage,
    )
    return np.asarray(model.fit_predict(seen.matrix), np.int64)


def spectral(points: Points, parameters: Parameters, notes: Notes) -> Labels:
    """Cuts the graph of likenesses."""
    from sklearn.cluster import SpectralClustering

    most = max(len(points) - 1, 1)
    components = parameters.whole("n_components", 1) if parameters.has("n_components") else None
    model = SpectralClustering(
        n_clusters=min(_how_many(points, parameters, 8, notes), most),
        n_components=components and at_most(components, most, "n_components", notes),
        affinity=parameters.choice("affinity", "rbf", ("rbf", "nearest_neighbors", "laplacian")),
        gamma=parameters.positive("gamma", 1.0),
        n_neighbors=at_most(parameters.whole("n_neighbors", 10), most, "n_neighbors", notes),
        n_init=parameters.whole("n_init", 10, high=100),
        assign_labels=parameters.choice("assign_labels", "kmeans", ("kmeans", "discretize", "cluster_qr")),
        random_state=parameters.seed,
    )
    return np.asarray(model.fit_predict(points.matrix), np.int64)


def gaussian_mixture(points: Points, parameters: Parameters, notes: Notes) -> Labels:
    """The likeliest of `n_components` Gaussians; without that number, as many as the BIC prefers."""
    from sklearn.mixture import GaussianMixture

    def fit(components: int) -> GaussianMixture:
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
    if parameters.has("n_components"):
        wanted = parameters.whole("n_components", 1, high=MOST_CLUSTERS)
        return np.asarray(fit(at_most(wanted, len(points), "n_components", notes)).predict(matrix), np.int64)
    models = [fit(components) for components in MIXTURES if components <= len(points)]
    best = min(models, key=lambda model: float(model.bic(matrix)))
    notes.metrics["n_components_by_bic"] = best.n_components
    return np.asarray(best.predict(matrix), np.int64)


def _how_many(points: Points, parameters: Parameters, default: int, notes: Notes) -> int:
    wanted = parameters.whole("n_clusters", default, high=MOST_CLUSTERS)
    return at_most(wanted, len(points), "n_clusters", notes)
