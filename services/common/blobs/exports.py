"""Where the files of exports are kept: beside the blobs, each under the id of its export."""

import asyncio
import os
import shutil
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.store import S3Store

from services.common.blobs.durable_folder import DurableFolder
from services.common.blobs.s3 import open_s3
from services.common.blobs.store import local_root, s3_place
from services.common.blobs.store_errors import store_faults
from services.common.settings import Settings

FOLDER = "exports"


class ExportFiles:
    """Files of any size; whole under their name, or not there. UnavailableError when the store is away or full."""

    def __init__(self, settings: Settings) -> None:
        self._root = local_root(settings)
        self._place = s3_place(settings) if settings.blob_store else None
        self._s3: S3Store | None = open_s3(settings, *self._place) if self._place else None
        self._folder = DurableFolder(self._root)

    async def keep(self, key: str, file: Path) -> None:
        """Keeps a file of this machine under a key; what stood there before is replaced."""
        with store_faults("written"):
            if self._s3 is not None:
                await obstore.put_async(self._s3, key, file)
            else:
                await asyncio.to_thread(self._keep, key, file)

    def _keep(self, key: str, file: Path) -> None:
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        (self._root / key).unlink(missing_ok=True)
        self._folder.link(str(file.resolve()), key)

    async def link(self, key: str, seconds: int) -> str | None:
        """A URL of S3 that opens a file for so long; None for a folder, whose links the gateway signs itself."""
        if self._s3 is None:
            return None
        return await obstore.sign_async(self._s3, "GET", key, timedelta(seconds=seconds))

    def path(self, key: str) -> Path | None:
        """The file of a key where a folder keeps it; None when it is gone, or in S3."""
        path = self._root / key
        return path if self._s3 is None and path.is_file() else None

    def address(self, key: str) -> str:
        """The key as `s3://bucket/key`; below the folder of the blobs just the key."""
        if self._place is None:
            return key
        bucket, prefix = self._place
        return f"s3://{bucket}/{prefix}/{key}" if prefix else f"s3://{bucket}/{key}"

    async def ids(self) -> list[str]:
        """The exports that something is kept of."""
        with store_faults("read"):
            if self._s3 is not None:
                # Some S3 servers go on listing a prefix below which nothing is left, so files are asked for.
                found = {each["path"].split("/")[1] async for page in obstore.list(self._s3, FOLDER) for each in page}
                return sorted(found)
            return await asyncio.to_thread(_names, self._root / FOLDER)

    async def drop(self, export_id: str) -> None:
        """Removes all files of an export."""
        with store_faults("written"):
            if self._s3 is None:
                await asyncio.to_thread(shutil.rmtree, self._root / FOLDER / export_id, ignore_errors=True)
                return
            async for listed in obstore.list(self._s3, f"{FOLDER}/{export_id}/"):
                await obstore.delete_async(self._s3, [each["path"] for each in listed])


def key_of(export_id: str, name: str) -> str:
    """Where a file of an export is kept."""
    return f"{FOLDER}/{export_id}/{name}"


def _names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
