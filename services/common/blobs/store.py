"""Where uploaded blobs are kept: a folder, or a bucket of any S3."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from services.common.blobs.durable_folder import DurableFolder
from services.common.blobs.s3 import open_s3
from services.common.blobs.store_errors import store_faults
from services.common.errors import InternalError, NotFoundError
from services.common.settings import Settings

PROBE = "health/probe"
BeforePut = Callable[[str], Awaitable[None]]


class BlobStore:
    """Blobs by content: the same bytes in the same namespace have the same key.

    So a key may belong to several objects: delete it only when none is left. UnavailableError when S3 is down.
    """

    def __init__(self, store: LocalStore | S3Store, folder: DurableFolder | None, before_put: BeforePut | None) -> None:
        self._store = store
        self._folder = folder
        self._before_put = before_put

    async def put(self, namespace_id: str, content: bytes) -> str:
        """Keeps the bytes and returns their key; once it returns, a crash does not lose them."""
        key = blob_key(namespace_id, hashlib.sha256(content).hexdigest())
        if self._before_put is not None:
            await self._before_put(key)
        with store_faults("written"):
            if self._folder is not None:
                await asyncio.to_thread(self._folder.write, key, content)
            else:
                await obstore.put_async(self._store, key, content)
        return key

    async def probe(self) -> None:
        """Writes something and takes it away; UnavailableError when the store does not take it."""
        with store_faults("written"):
            if self._folder is not None:
                await asyncio.to_thread(self._folder.probe)
                return
            await obstore.put_async(self._store, PROBE, bytes(1))
            await obstore.delete_async(self._store, PROBE)

    async def get(self, key: str) -> bytes:
        """The bytes; NotFoundError when there are none under the key."""
        with store_faults("read"):
            try:
                return bytes(await (await obstore.get_async(self._store, key)).bytes_async())
            except (FileNotFoundError, ValueError) as error:
                raise NotFoundError.of("blob", key) from error

    async def delete(self, key: str) -> None:
        """Removes the bytes; a key that is not there is no error."""
        with store_faults("written"), suppress(FileNotFoundError):
            await obstore.delete_async(self._store, key)

    async def presign(self, key: str, seconds: int) -> str | None:
        """A URL that opens the blob for so long; None for a folder, whose links the gateway signs itself."""
        if not isinstance(self._store, S3Store):
            return None
        return await obstore.sign_async(self._store, "GET", key, timedelta(seconds=seconds))


def open_blob_store(settings: Settings, before_put: BeforePut | None = None) -> BlobStore:
    """The store of the settings: `s3://bucket/prefix`, or the folder `blobs` of the data folder.

    `before_put` is told each key before its bytes are kept.
    """
    if settings.blob_store:
        return BlobStore(open_s3(settings, *s3_place(settings)), None, before_put)
    root = local_root(settings)
    try:
        return BlobStore(LocalStore(root, mkdir=True), DurableFolder(root), before_put)
    except (BaseError, OSError, ValueError) as error:
        message = f"The folder {root} for blobs cannot be made; see what is in its place, or name another data folder."
        raise InternalError(message) from error


def s3_place(settings: Settings) -> tuple[str, str | None]:
    """Bucket and prefix of `s3://bucket/prefix`."""
    if not settings.blob_store.startswith("s3://"):
        raise InternalError(f"LIKENESS_BLOB_STORE is '{settings.blob_store}'; it must be s3://bucket/prefix or empty.")
    bucket, _, prefix = settings.blob_store.removeprefix("s3://").partition("/")
    return bucket, prefix.strip("/") or None


def local_root(settings: Settings) -> Path:
    """The folder `blobs` of the data folder."""
    return (settings.data_dir / "blobs").resolve()


def blob_key(namespace_id: str, sha256: str) -> str:
    """Where the content with this hash is kept."""
    return f"{namespace_id}/{sha256[:2]}/{sha256}"
