"""The clustering methods by the contract's names, and what each can bear."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from services.common.errors import InvalidArgumentError
from services.worker.clusters.methods.automatic import automatic
from services.worker.clusters.methods.density import dbscan, hdbscan, mean_shift, optics
from services.worker.clusters.methods.partition import agglomerative, gaussian_mixture, kmeans, spectral
from services.worker.clusters.plan.parameters import Parameters
from services.worker.clusters.plan.progress import Progress
from services.worker.clusters.vectors.points import Labels, Points

PATH = "vector_config.clustering_method"
PARAMETERS_PATH = "vector_config.algorithm_params"
# Where memory or time grow with the square of the number of points.
FEW, SOME = 5_000, 10_000
EPS = MappingProxyType({"eps": 0.5})
UNSERVED = MappingProxyType(
    {
        "leiden": "hdbscan, or spectral with affinity nearest_neighbors",
        "evoc": "hdbscan, which reduces wide vectors by UMAP first",
        "attribute_based": "cluster_type attribute",
    }
)


@dataclass(frozen=True, kw_only=True)
class Method:
    """`reduces_from`: from so many points on it fails in wide spaces, so that they are reduced first, unless one of
    `distances`, with their defaults, is set.

    `has_noise`: it leaves points out. `chooses`: it finds out by itself how many clusters there are. `most_points` is
    what it can bear at once, None for any number.
    """

    fit: Callable[[Points, Parameters, Progress], Labels]
    most_points: int | None = None
    has_noise: bool = False
    chooses: bool = False
    reduces_from: int | None = None
    distances: Mapping[str, Any] = field(default_factory=dict)


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "auto": Method(fit=automatic, reduces_from=50, has_noise=True, chooses=True),
        "hdbscan": Method(fit=hdbscan, reduces_from=50, has_noise=True, chooses=True),
        "dbscan": Method(fit=dbscan, most_points=SOME, reduces_from=16, has_noise=True, chooses=True, distances=EPS),
        "optics": Method(fit=optics, most_points=FEW, has_noise=True, chooses=True),
        "mean_shift": Method(
            fit=mean_shift, most_points=FEW, reduces_from=100, chooses=True, distances={"bandwidth": None}
        ),
        "gaussian_mixture": Method(fit=gaussian_mixture, reduces_from=16, chooses=True),
        "kmeans": Method(fit=kmeans),
        "agglomerative": Method(fit=agglomerative, most_points=SOME),
        "spectral": Method(fit=spectral, most_points=FEW),
    }
)


def method_of(name: str) -> Method:
    """The method with this name; refuses others and says what to use instead."""
    if name in METHODS:
        return METHODS[name]
    instead = UNSERVED.get(name, f"one of {', '.join(METHODS)}")
    raise InvalidArgumentError(f"{PATH} '{name}' is not served here; use {instead}.", path=PATH)


def fit(name: str, points: Points, given: Parameters, progress: Progress) -> Labels:
    """Labels (n,) of the points, NOISE or 0..; a method that refuses them gives InvalidArgumentError."""
    try:
        return method_of(name).fit(points, given, progress)
    except (ValueError, np.linalg.LinAlgError) as error:
        message = f"{name} cannot cluster these vectors with these parameters: {error}"
        raise InvalidArgumentError(message, path=PARAMETERS_PATH) from error
