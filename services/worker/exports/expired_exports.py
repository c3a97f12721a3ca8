"""Exports that are seven days old, or whose collection is gone: their files go, and what a killed worker left."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path

import structlog

from services.common.blobs.exports import ExportFiles
from services.common.database.exports import KEEP, wanted_exports
from services.common.database.pool import Pool
from services.common.settings import Settings
from services.worker.exports.exporter import FOLDER

SECONDS_BETWEEN = 60.0
log = structlog.get_logger()


class ExportSweeper:
    """Removes what nobody may fetch any more."""

    def __init__(self, settings: Settings, pool: Pool, keep: timedelta = KEEP) -> None:
        self._pool = pool
        self._files = ExportFiles(settings)
        self._working = settings.data_dir / FOLDER
        self._keep = keep

    async def sweep(self) -> bool:
        """One round; there is never more to do at once."""
        kept, working = await self._files.ids(), await asyncio.to_thread(_names, self._working)
        wanted = await wanted_exports(self._pool, [*kept, *working], self._keep)
        for export_id in set(kept) - wanted:
            log.info("export swept", task_id=export_id)
            await self._files.drop(export_id)
        for export_id in set(working) - wanted:
            await asyncio.to_thread(shutil.rmtree, self._working / export_id, ignore_errors=True)
        return False


def _names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
