"""What a clustering found, and the files in which the computing process leaves it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from services.worker.clusters.plan.cluster_plan import JsonObject

ARRAYS = "outcome.npz"
WORDS = "outcome.json"


@dataclass(frozen=True, kw_only=True)
class ClusterOutcome:
    """Row i is document i. In mode "assign" clusters keep the numbers of the centroids given.

    assignments: int32 (n,), NOISE or a cluster, numbered 0..k-1 by falling size. coordinates: float32 (n, 2 or 3).
    centroids: per feature float32 (k, dimensions). distances: float32 (n,), 1 - cosine to the own centroid, NaN for
    noise. representatives: per cluster the rows nearest to its centroid, nearest first, 20 at most.
    """

    assignments: NDArray[np.int32]
    coordinates: NDArray[np.float32] | None
    centroids: tuple[NDArray[np.float32], ...]
    distances: NDArray[np.float32]
    representatives: tuple[tuple[int, ...], ...] = ()
    metrics: JsonObject = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def num_clusters(self) -> int:
        """How many clusters there are, empty ones of an assignment among them."""
        return len(self.representatives)


def save_outcome(outcome: ClusterOutcome, folder: Path) -> None:
    """Writes it for `load_outcome`."""
    arrays: dict[str, NDArray[Any]] = {f"centroids_{number}": each for number, each in enumerate(outcome.centroids)}
    arrays |= {"assignments": outcome.assignments, "distances": outcome.distances}
    if outcome.coordinates is not None:
        arrays["coordinates"] = outcome.coordinates
    np.savez(folder / ARRAYS, allow_pickle=False, **arrays)
    words = {name: getattr(outcome, name) for name in ("representatives", "metrics", "warnings")}
    (folder / WORDS).write_bytes(orjson.dumps(words))


def load_outcome(folder: Path) -> ClusterOutcome:
    """Reads what `save_outcome` wrote."""
    words = orjson.loads((folder / WORDS).read_bytes())
    with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
        features = sum(name.startswith("centroids_") for name in arrays)
        return ClusterOutcome(
            assignments=arrays["assignments"],
            coordinates=arrays.get("coordinates"),
            centroids=tuple(arrays[f"centroids_{number}"] for number in range(features)),
            distances=arrays["distances"],
            representatives=tuple(tuple(rows) for rows in words["representatives"]),
            metrics=words["metrics"],
            warnings=tuple(words["warnings"]),
        )
