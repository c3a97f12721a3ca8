"""What killed workers and given-up tasks leave behind: open runs that nobody works on, and folders of vectors."""

import asyncio
import shutil
from pathlib import Path

import structlog

from services.common.database.clusters.cluster_runs import cancel_run
from services.common.database.pool import Pool
from services.worker.clusters.runs.lifecycle import fail
from services.worker.clusters.runs.write_groups import drop

SECONDS_BETWEEN = 5.0
FOLDER = "clustering"
ORPHANS = """
    SELECT r.run_id, t.status, t.error FROM cluster_runs r JOIN tasks t USING (task_id)
    WHERE r.status IN ('pending', 'processing') AND t.status NOT IN ('PENDING', 'IN_PROGRESS') LIMIT 100"""
STILL_OPEN = "SELECT run_id FROM cluster_runs WHERE run_id = ANY($1) AND status IN ('pending', 'processing')"
# Whose worker died, or was cut off, before it could remove them.
HALF_WRITTEN = """
    SELECT r.run_id, r.base_run_id FROM cluster_runs r
    WHERE r.status IN ('canceled', 'failed') AND r.updated_at > now() - interval '1 hour' AND (
      EXISTS (SELECT FROM cluster_members m WHERE r.base_run_id = r.run_id AND m.run_id = r.run_id)
      OR EXISTS (SELECT FROM cluster_members m WHERE m.added_by = r.run_id)) LIMIT 100"""
log = structlog.get_logger()


class RunSweeper:
    """Ends runs as their tasks ended, and removes what is left of runs that came to nothing."""

    def __init__(self, pool: Pool, data_dir: Path) -> None:
        self._pool = pool
        self._folder = data_dir / FOLDER

    async def sweep(self) -> bool:
        """One round; there is never more to do at once."""
        for row in await self._pool.fetch(ORPHANS):
            await self._end(row["run_id"], row["status"], row["error"])
        for row in await self._pool.fetch(HALF_WRITTEN):
            await drop(self._pool, row["run_id"], row["base_run_id"])
        await self._remove_folders()
        return False

    async def _end(self, run_id: str, status: str, error: str | None) -> None:
        log.warning("cluster run ended with its task", run_id=run_id, status=status)
        if status != "CANCELED":
            await fail(self._pool, run_id, error or "Its task ended before it was done; execute the cluster again.")
            return
        async with self._pool.acquire() as connection, connection.transaction():
            await cancel_run(connection, run_id)

    async def _remove_folders(self) -> None:
        if not self._folder.is_dir():
            return
        names = await asyncio.to_thread(lambda: [each.name for each in self._folder.iterdir()])
        if not names:
            return
        still_open = {row["run_id"] for row in await self._pool.fetch(STILL_OPEN, names)}
        for name in names:
            if name not in still_open:
                await asyncio.to_thread(shutil.rmtree, self._folder / name, ignore_errors=True)
