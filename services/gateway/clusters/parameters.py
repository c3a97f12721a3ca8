"""How each clustering method can be set: the contract's parameters that have an effect here."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.common.validation.unknown_keys import IDLE, UnusedKey
from services.gateway.kit.shapes import Form

Method = Literal[
    "kmeans", "dbscan", "hdbscan", "agglomerative", "spectral", "gaussian_mixture", "mean_shift", "optics", "auto"
]
Metric = Literal["euclidean", "cosine", "manhattan", "chebyshev", "l1", "l2", "minkowski"]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
Count = Annotated[int, Field(ge=1, le=100_000)]
Pair = Annotated[int, Field(ge=2, le=100_000)]
Amount = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Few = Annotated[int, Field(ge=1, le=100)]


class KMeans(Form):
    """KMeansParams."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "verbose": IDLE,
        "copy_x": IDLE,
    }

    n_clusters: Annotated[int, Field(ge=2, le=1000)] = 8
    max_iter: Annotated[int, Field(ge=1, le=10_000)] = 300
    random_state: Seed | None = 42
    n_init: Few = 10
    tol: Amount = 0.0001
    init: Literal["k-means++", "random"] = "k-means++"
    algorithm: Literal["lloyd", "elkan"] = "lloyd"


class Dbscan(Form):
    """DBSCANParams."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "metric_params": UnusedKey("the metric takes no parameters."),
        "algorithm": IDLE,
        "leaf_size": IDLE,
        "p": UnusedKey("choose another metric.", off=2),
        "n_jobs": IDLE,
    }

    eps: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] = 0.5
    min_samples: Count = 5
    metric: Metric = "euclidean"


class Hdbscan(Form):
    """HDBSCANParams."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "prediction_data": IDLE,
        "match_reference_implementation": IDLE,
    }

    min_cluster_size: Pair = 5
    min_samples: Count | None = None
    cluster_selection_epsilon: Amount = 0.0
    max_cluster_size: Pair | None = None
    metric: Metric = "euclidean"
    alpha: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] = 1.0
    cluster_selection_method: Literal["eom", "leaf"] = "eom"
    allow_single_cluster: bool = False


class Agglomerative(Form):
    """AgglomerativeParams; a distance_threshold takes the place of n_clusters."""

    n_clusters: Annotated[int | None, Field(ge=2, le=1000)] = 2
    affinity: Metric = "euclidean"
    metric: Metric | None = None
    linkage: Literal["ward", "complete", "average", "single"] = "ward"
    distance_threshold: Amount | None = None


class Spectral(Form):
    """SpectralParams."""

    n_clusters: Annotated[int, Field(ge=2, le=1000)] = 8
    n_components: Count | None = None
    random_state: Seed | None = 42
    n_init: Few = 10
    gamma: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] = 1.0
    affinity: Literal["rbf", "nearest_neighbors"] = "rbf"
    n_neighbors: Annotated[int, Field(ge=1, le=1000)] = 10
    assign_labels: Literal["kmeans", "discretize", "cluster_qr"] = "kmeans"


class GaussianMixture(Form):
    """GaussianMixtureParams."""

    n_components: Annotated[int, Field(ge=1, le=1000)] = 1
    covariance_type: Literal["full", "tied", "diag", "spherical"] = "full"
    tol: Amount = 0.001
    reg_covar: Amount = 1e-6
    max_iter: Annotated[int, Field(ge=1, le=10_000)] = 100
    n_init: Few = 1
    init_params: Literal["kmeans", "k-means++", "random", "random_from_data"] = "kmeans"
    random_state: Seed | None = 42


class MeanShift(Form):
    """MeanShiftParams."""

    bandwidth: Annotated[float | None, Field(gt=0, le=1e9, allow_inf_nan=False)] = None
    bandwidth_quantile: Share = 0.1
    bin_seeding: bool = False
    min_bin_freq: Count = 1
    cluster_all: bool = True
    max_iter: Annotated[int, Field(ge=1, le=10_000)] = 300


class Optics(Form):
    """OPTICSParams."""

    min_samples: Pair = 5
    max_eps: Amount | None = None
    metric: Metric = "minkowski"
    p: Annotated[float, Field(ge=1, le=100, allow_inf_nan=False)] = 2
    cluster_method: Literal["xi", "dbscan"] = "xi"
    eps: Amount | None = None
    xi: Share = 0.05
    predecessor_correction: bool = True
    min_cluster_size: Annotated[float | None, Field(gt=0, le=100_000, allow_inf_nan=False)] = None


class Auto(Form):
    """Nothing to set: the method is chosen by what the vectors are like."""


PARAMETERS: Mapping[str, type[Form]] = {
    "kmeans": KMeans,
    "dbscan": Dbscan,
    "hdbscan": Hdbscan,
    "agglomerative": Agglomerative,
    "spectral": Spectral,
    "gaussian_mixture": GaussianMixture,
    "mean_shift": MeanShift,
    "optics": Optics,
    "auto": Auto,
}
