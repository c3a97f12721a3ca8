"""The centroids that new documents are assigned to."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from services.common.database.pool import Executor
from services.common.errors import InvalidArgumentError
from services.worker.clusters.runs.run import Run

CENTROIDS = "SELECT centroids FROM cluster_groups WHERE run_id = $1 AND number >= 0 ORDER BY number"


async def write_centroids(db: Executor, run: Run, folder: Path) -> int:
    """Writes `centroids_<i>.npy`, one per feature, float32, row j is group j; how many groups there are."""
    rows = await db.fetch(CENTROIDS, run.base_run_id)
    if not rows or len(rows[0]["centroids"]) != len(run.feature_uris):
        message = f"The run {run.base_run_id} has no groups with centroids to assign to; use mode 'full'."
        raise InvalidArgumentError(message, path="mode")
    for number in range(len(run.feature_uris)):
        stacked = np.stack([np.frombuffer(row["centroids"][number], dtype="<f4") for row in rows])
        np.save(folder / f"centroids_{number}.npy", stacked)
    return len(rows)


def require_same_models(run: Run, models: Mapping[str, str]) -> None:
    """InvalidArgumentError when the new vectors were made by another model than the centroids."""
    changed: Sequence[str] = [uri for uri, model in models.items() if run.base_models.get(uri) != model]
    if changed:
        message = (
            f"The groups of {run.base_run_id} are of the model '{run.base_models.get(changed[0])}', and the new "
            f"vectors of '{changed[0]}' of '{models[changed[0]]}'; use mode 'full'."
        )
        raise InvalidArgumentError(message, reason="MIXED_MODELS", path="mode")
