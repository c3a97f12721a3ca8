"""Clusters of unit vectors, by scikit-learn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ALGORITHMS = ("hdbscan", "kmeans", "dbscan", "agglomerative", "spectral", "gaussian_mixture")
NOISE = -1
SEED = 0
SMALLEST = 4
# The cosine of near copies; so are those of a run of a cluster.
NEARLY = 0.97

Matrix = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustering:
    """How to cluster; 0 clusters means a number that suits how many vectors there are. `eps` is a cosine distance."""

    algorithm: str
    n_clusters: int
    min_cluster_size: int
    eps: float


def cluster(vectors: Matrix, how: Clustering) -> Labels:
    """The cluster of each row, numbered from the largest; -1 is noise. Fewer than four rows are one cluster.

    Near copies are clustered as one, since many points in one place hide all others; as many of them as a cluster needs
    are one by themselves when they would be noise.
    """
    count = len(vectors)
    if count < SMALLEST:
        return np.zeros(count, dtype=np.int64)
    leaders, of = folded(vectors)
    labels = _labels(vectors[leaders], how)
    heavy = np.flatnonzero((labels == NOISE) & (np.bincount(of) >= _least(count, how)))
    labels[heavy] = labels.max() + 1 + np.arange(len(heavy))
    return renumbered(labels[of])


def folded(vectors: Matrix) -> tuple[Labels, Labels]:
    """The rows that stand for themselves and for their near copies, and for each row which of them it is with."""
    near = vectors @ vectors.T >= NEARLY
    leads = np.zeros(len(vectors), dtype=bool)
    of = np.arange(len(vectors))
    for row in range(len(vectors)):
        ahead = np.flatnonzero(near[row, :row] & leads[:row])
        leads[row] = not len(ahead)
        of[row] = row if leads[row] else ahead[0]
    leaders = np.flatnonzero(leads)
    return leaders, np.searchsorted(leaders, of)


def _labels(vectors: Matrix, how: Clustering) -> Labels:
    """Labels of vectors that are no copies; of very few, all are noise or each is by itself."""
    count = len(vectors)
    is_dense = how.algorithm in ("hdbscan", "dbscan")
    if count == 1:
        return np.zeros(1, dtype=np.int64)
    if count < SMALLEST and is_dense:
        return np.full(count, NOISE, dtype=np.int64)
    if not is_dense and _wanted(count, how) >= count:
        return np.arange(count)
    return _fit(vectors.astype(np.float64), how)


def _wanted(count: int, how: Clustering) -> int:
    return how.n_clusters or max(2, min(8, count // 10))


def _least(count: int, how: Clustering) -> int:
    return max(2, min(how.min_cluster_size, count // 3))


def _fit(vectors: NDArray[np.float64], how: Clustering) -> Labels:
    # scikit-learn takes a second to import, which only who clusters should wait for.
    from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering, KMeans, SpectralClustering
    from sklearn.mixture import GaussianMixture

    count = len(vectors)
    wanted, least = _wanted(count, how), _least(count, how)
    match how.algorithm:
        case "kmeans":
            found = KMeans(wanted, random_state=SEED, n_init=4).fit_predict(vectors)
        case "agglomerative":
            found = AgglomerativeClustering(wanted).fit_predict(vectors)
        case "spectral":
            likeness = np.clip(vectors @ vectors.T, 0.0, 1.0)
            found = SpectralClustering(wanted, affinity="precomputed", random_state=SEED).fit_predict(likeness)
        case "gaussian_mixture":
            mixture = GaussianMixture(wanted, covariance_type="diag", random_state=SEED, reg_covar=1e-4)
            found = mixture.fit_predict(vectors)
        case "dbscan":
            found = DBSCAN(eps=how.eps, min_samples=least, metric="cosine").fit_predict(vectors)
        case _:
            found = HDBSCAN(min_cluster_size=least, copy=True).fit_predict(vectors)
    return np.asarray(found, dtype=np.int64)


def renumbered(labels: Labels) -> Labels:
    """The same clusters, the largest called 0; noise stays -1."""
    known, counts = np.unique(labels[labels != NOISE], return_counts=True)
    order = known[np.argsort(-counts, kind="stable")]
    names = {int(old): new for new, old in enumerate(order)}
    return np.asarray([names.get(int(label), NOISE) for label in labels], dtype=np.int64)


def centroid(members: Matrix) -> Matrix:
    """The mean of some rows."""
    return np.asarray(members.mean(axis=0), dtype=np.float32)
