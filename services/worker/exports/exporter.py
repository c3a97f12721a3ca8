"""The task that exports a collection: rows to disk, from there to the format, from there to where they are kept."""

import asyncio
import errno
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from services.common.blobs import BlobStore
from services.common.blobs.exports import ExportFiles, key_of
from services.common.errors import InternalError
from services.common.settings import Settings
from services.worker.exports import vectors
from services.worker.exports.destination import deliver
from services.worker.exports.formats.lines import write_csv
from services.worker.exports.formats.parquet import write_table
from services.worker.exports.formats.webdataset import Shard, ShardWriter
from services.worker.exports.read_rows import WEBDATASET, Read, read
from services.worker.kit.task import Done, JsonObject, Task

FOLDER = "exporting"
FULL = (errno.ENOSPC, errno.EDQUOT)
SUFFIXES = {"json": "jsonl", "csv": "csv", "parquet": "parquet"}
OTHER = re.compile(r"[^A-Za-z0-9_-]+")


class Exporter:
    """The handler. One that is run again begins anew: the files of an earlier run are replaced."""

    def __init__(self, settings: Settings, blobs: BlobStore) -> None:
        self._settings = settings
        self._blobs = blobs
        self._files = ExportFiles(settings)

    async def run(self, task: Task) -> Done:
        """Exports; `outputs` are what the gateway makes its answer of."""
        with _working_folder(self._settings.data_dir / FOLDER / task.task_id) as folder:
            found = await read(task, folder, self._settings.public_url, lambda done, of: _tell(task, done, of))
            shards, media = await self._write(task, found, folder)
            names = [shard.path.name for shard in shards]
            beside = await self._write_vectors(task.inputs, found, folder)
            files = [shard.path for shard in shards] + ([beside] if beside else [])
            about = {
                "format": task.inputs["format"],
                "document_count": found.rows.count,
                "exported_at": datetime.now(UTC).isoformat(),
            }
            delivered = None
            if task.inputs["destination"]:
                delivered = await deliver(self._settings, task.inputs, files, about)
            listed = [_listed(shard) for shard in shards]
            for file in files:
                await self._files.keep(key_of(task.task_id, file.name), file)
        await _tell(task, found.rows.count, found.rows.count)
        assert names
        vectors_name = beside.name if beside else None
        return Done(
            outputs={**about, "files": listed, "vectors": vectors_name, "media": media, "destination": delivered}
        )

    async def _write(self, task: Task, found: Read, folder: Path) -> tuple[list[Shard], JsonObject | None]:
        inputs, rows = task.inputs, found.rows
        if inputs["format"] != WEBDATASET:
            path = folder / f"{_name(inputs)}.{SUFFIXES[inputs['format']]}"
            await asyncio.to_thread(_write_rows, found, inputs["format"], path)
            return [Shard(path, rows.count)], None
        writer = ShardWriter(folder, inputs["samples_per_shard"], self._blobs, self._settings.max_blob_bytes)
        shards = await writer.write(rows.rows(), lambda done: _tell(task, done, rows.count))
        return shards, writer.tally if inputs["include_media"] else None

    async def _write_vectors(self, inputs: JsonObject, found: Read, folder: Path) -> Path | None:
        if found.vectors is None:
            return None
        kind = "parquet" if inputs["format"] == WEBDATASET else inputs["format"]
        path = folder / f"{_name(inputs)}_vectors.{SUFFIXES[kind]}"
        await asyncio.to_thread(vectors.write, found.vectors, kind, path)
        return path


def _write_rows(found: Read, kind: str, path: Path) -> None:
    if kind == "json":
        found.rows.path.replace(path)
    elif kind == "csv":
        write_csv(found.rows.rows(), found.columns.kinds(), path)
    else:
        write_table(found.rows.rows(), found.columns.kinds(), path)


def _name(inputs: JsonObject) -> str:
    return OTHER.sub("_", inputs["collection_name"])[:100] or "collection"


def _listed(shard: Shard) -> JsonObject:
    size = shard.path.stat().st_size
    return {"filename": shard.path.name, "sample_count": shard.sample_count, "file_size_bytes": size}


async def _tell(task: Task, done: int, total: int) -> None:
    percent = round(100.0 * done / total, 1) if total else 100.0
    await task.progress(progress={"processed": done, "total": total, "percent": percent, "errors": 0})


@contextmanager
def _working_folder(path: Path) -> Iterator[Path]:
    """An empty folder that is gone afterwards; a full disk is told as one."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield path
    except OSError as error:
        if error.errno not in FULL:
            raise
        message = "The disk of the server's data folder is full; make room on it and export again."
        raise InternalError(message, reason="DISK_FULL") from error
    finally:
        shutil.rmtree(path, ignore_errors=True)
