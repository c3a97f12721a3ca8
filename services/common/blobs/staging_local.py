"""Uploads that wait in the data folder; their bytes come through the gateway."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from services.common.blobs.durable_folder import DurableFolder
from services.common.blobs.staging import FOLDER, Arrived, Digests, blocks
from services.common.blobs.store import BeforePut, blob_key
from services.common.blobs.store_errors import store_faults


class LocalStaging:
    """A folder beside the blobs. The name of a file holds its hash, so that it can never be taken for another."""

    def __init__(self, root: Path, max_bytes: int, before_put: BeforePut | None) -> None:
        self._root = root
        self._folder = DurableFolder(root)
        self._max_bytes = max_bytes
        self._before_put = before_put

    async def presign(self, upload_id: str, seconds: int) -> str | None:
        """None: the gateway signs a route of its own."""
        return None

    async def receive(self, upload_id: str, chunks: AsyncIterator[bytes]) -> Arrived:
        """Writes the bytes down as they come; nothing is left of an upload that breaks off."""
        folder = self._root / FOLDER / upload_id
        digests = Digests(self._max_bytes)
        with store_faults("written"):
            name = await _write(folder, chunks, digests)
        return digests.arrived(f"{FOLDER}/{upload_id}/{name}")

    async def inspect(self, upload_id: str) -> Arrived | None:
        """None: whatever arrives passes the gateway."""
        return None

    async def keep(self, namespace_id: str, arrived: Arrived) -> str:
        """Links the file under its new name."""
        key = blob_key(namespace_id, arrived.sha256)
        if self._before_put is not None:
            await self._before_put(key)
        with store_faults("written"):
            await asyncio.to_thread(self._folder.link, arrived.staged_key, key)
        return key

    async def discard(self, upload_id: str) -> None:
        """Removes the folder of the upload."""
        await asyncio.to_thread(shutil.rmtree, self._root / FOLDER / upload_id, ignore_errors=True)

    async def waiting(self) -> list[str]:
        """The names of the folders."""
        return await asyncio.to_thread(_names, self._root / FOLDER)


async def _write(folder: Path, chunks: AsyncIterator[bytes], digests: Digests) -> str:
    """The name of the file, which is on disk then."""
    path = await asyncio.to_thread(_new_file, folder)
    try:
        with path.open("wb") as file:
            async for block in blocks(chunks):
                digests.update(block)
                await asyncio.to_thread(file.write, block)
            file.flush()
            await asyncio.to_thread(os.fsync, file.fileno())
        name = digests.sha256.hexdigest()
        await asyncio.to_thread(path.replace, folder / name)
    finally:
        await asyncio.to_thread(path.unlink, missing_ok=True)
    return name


def _new_file(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".writing-", dir=folder)
    os.close(descriptor)
    return Path(name)


def _names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
