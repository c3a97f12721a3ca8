"""Methods that find dense places and leave the rest as noise: labels (n,), -1 for noise."""

import math

import numpy as np

from services.worker.clusters.plan.group_sizes import NOISE
from services.worker.clusters.plan.parameters import Parameters
from services.worker.clusters.plan.progress import Progress
from services.worker.clusters.vectors.points import Labels, Points, at_most, measured

BANDWIDTH_POINTS = 2000


def hdbscan(points: Points, parameters: Parameters, progress: Progress) -> Labels:
    """Density at all scales."""
    from sklearn.cluster import HDBSCAN

    smallest = parameters.whole("min_cluster_size", 5, low=2)
    seen = measured(points, parameters)
    if smallest > len(points):
        progress.warn(f"min_cluster_size is {smallest} and there are {len(points)} points: all are noise.")
        return _all_noise(points)
    samples = parameters.whole("min_samples", smallest)
    model = HDBSCAN(
        min_cluster_size=smallest,
        min_samples=at_most(samples, len(points), "min_samples", progress),
        cluster_selection_epsilon=seen.radius(parameters.number("cluster_selection_epsilon", 0.0)),
        max_cluster_size=parameters.whole("max_cluster_size", 2) if parameters.has("max_cluster_size") else None,
        metric=seen.metric,
        alpha=parameters.positive("alpha", 1.0),
        cluster_selection_method=parameters.choice("cluster_selection_method", "eom", ("eom", "leaf")),
        allow_single_cluster=parameters.flag("allow_single_cluster", default=False),
        copy=True,
    )
    return np.maximum(np.asarray(model.fit_predict(seen.matrix), np.int64), NOISE)


def dbscan(points: Points, parameters: Parameters, progress: Progress) -> Labels:
    """Density at one scale, `eps`."""
    from sklearn.cluster import DBSCAN

    seen = measured(points, parameters)
    model = DBSCAN(
        eps=seen.radius(parameters.positive("eps", 0.5)),
        min_samples=parameters.whole("min_samples", 5),
        metric=seen.metric,
        p=parameters.number("p", 2.0, low=1.0),
    )
    return np.asarray(model.fit_predict(seen.matrix), np.int64)


def optics(points: Points, parameters: Parameters, progress: Progress) -> Labels:
    """Density at every scale up to `max_eps`, read from the reachability plot."""
    from sklearn.cluster import OPTICS
    from sklearn.metrics import pairwise_distances

    samples = parameters.whole("min_samples", 5, low=2)
    seen = measured(points, parameters, default="minkowski")
    if samples > len(points):
        progress.warn(f"min_samples is {samples} and there are {len(points)} points: all are noise.")
        return _all_noise(points)
    furthest = seen.radius(parameters.positive("max_eps", math.inf)) if parameters.has("max_eps") else math.inf
    eps = seen.radius(parameters.positive("eps", 0.5)) if parameters.has("eps") else None
    model = OPTICS(
        min_samples=samples,
        max_eps=furthest,
        metric="precomputed",
        cluster_method=parameters.choice("cluster_method", "xi", ("xi", "dbscan")),
        eps=None if eps is None else min(eps, furthest),
        xi=parameters.number("xi", 0.05, high=1.0),
        predecessor_correction=parameters.flag("predecessor_correction", default=True),
        min_cluster_size=_smallest(points, parameters, progress),
    )
    exponent = {"p": parameters.number("p", 2.0, low=1.0)} if seen.metric == "minkowski" else {}
    # Asked row by row, trees of wide vectors take ten times as long.
    distances = pairwise_distances(seen.matrix, metric=seen.metric, **exponent)
    return np.asarray(model.fit_predict(distances), np.int64)


def mean_shift(points: Points, parameters: Parameters, progress: Progress) -> Labels:
    """Climbs to the modes of the density; the bandwidth is estimated when none is given."""
    from sklearn.cluster import MeanShift

    if parameters.has("seeds"):
        progress.warn("seeds have no effect.")
    model = MeanShift(
        bandwidth=_bandwidth(points, parameters, progress),
        bin_seeding=parameters.flag("bin_seeding", default=False),
        min_bin_freq=parameters.whole("min_bin_freq", 1),
        cluster_all=parameters.flag("cluster_all", default=True),
        max_iter=parameters.whole("max_iter", 300, high=10_000),
    )
    return np.asarray(model.fit_predict(points.matrix), np.int64)


def _bandwidth(points: Points, parameters: Parameters, progress: Progress) -> float:
    from sklearn.cluster import estimate_bandwidth

    if parameters.has("bandwidth"):
        return parameters.positive("bandwidth", 1.0)
    quantile = parameters.number("bandwidth_quantile", 0.1, high=1.0)
    most = min(len(points), BANDWIDTH_POINTS)
    found = float(estimate_bandwidth(points.matrix, quantile=quantile, n_samples=most, random_state=parameters.seed))
    if found <= 0:
        progress.warn("bandwidth could not be estimated, since most points are equal; 0.001 was used.")
    progress.metrics["bandwidth"] = round(max(found, 1e-3), 6)
    return max(found, 1e-3)


def _smallest(points: Points, parameters: Parameters, progress: Progress) -> float | int | None:
    """OPTICS's min_cluster_size: a share of the points below 1, a number of points above."""
    if not parameters.has("min_cluster_size"):
        return None
    value = parameters.positive("min_cluster_size", 1.0)
    if value < 1:
        return value
    return at_most(parameters.whole("min_cluster_size", 2, low=2), len(points), "min_cluster_size", progress)


def _all_noise(points: Points) -> Labels:
    return np.full(len(points), NOISE, np.int64)
