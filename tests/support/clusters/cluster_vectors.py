"""Vectors with known clusters, in the files that a clustering reads."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.worker.clusters.computing.clustering import run
from services.worker.clusters.plan.cluster_plan import ClusterPlan
from services.worker.clusters.plan.outcome import ClusterOutcome

URIS = ("mixpeek://one@v1/a", "mixpeek://two@v1/b")
Rows = NDArray[np.floating]


def blobs(
    rows: int, clusters: int, dimensions: int, spread: float = 0.6, seed: int = 0
) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
    """Unit vectors around random directions, cluster by turns, and the cluster of each; `spread` is their radius."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(clusters, dimensions))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    truth = np.arange(rows) % clusters
    vectors = centres[truth] + spread * random.normal(size=(rows, dimensions)) / np.sqrt(dimensions)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16), truth


def plan_of(algorithm: str, *, features: int = 1, **given: Any) -> ClusterPlan:
    """A plan without a picture, unless `vis_n_components` is given."""
    return ClusterPlan(algorithm=algorithm, features=URIS[:features], **{"vis_n_components": None, **given})


def put(folder: Path, *features: Rows, kind: str = "vectors") -> None:
    """Writes the files of each feature."""
    for number, vectors in enumerate(features):
        np.save(folder / f"{kind}_{number}.npy", vectors)


def run_here(plan: ClusterPlan, folder: Path, *features: Rows) -> ClusterOutcome:
    """The outcome, computed in this process."""
    put(folder, *features)
    return run(plan, folder, lambda stage, percent: None)
