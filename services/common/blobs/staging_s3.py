"""Uploads that wait in the S3 bucket that also keeps the blobs; clients bring their bytes there themselves."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import obstore
from obstore.store import S3Store

from services.common.blobs.staging import BUFFER_BYTES, FOLDER, Arrived, Digests, blocks
from services.common.blobs.store import BeforePut, blob_key
from services.common.blobs.store_errors import store_faults
from services.common.errors import UnavailableError


class S3Staging:
    """A prefix of the S3 bucket that also keeps the blobs."""

    def __init__(self, store: S3Store, max_bytes: int, before_put: BeforePut | None) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._before_put = before_put

    async def presign(self, upload_id: str, seconds: int) -> str | None:
        """A URL of S3 itself; it cannot say how large the content may be, so that is checked afterwards."""
        return await obstore.sign_async(self._store, "PUT", _content(upload_id), timedelta(seconds=seconds))

    async def receive(self, upload_id: str, chunks: AsyncIterator[bytes]) -> Arrived:
        """Takes bytes through the gateway too, for clients that S3 cannot be reached from."""
        digests = Digests(self._max_bytes)
        content = bytearray()
        async for block in blocks(chunks):
            digests.update(block)
            content += block
        with store_faults("written"):
            await obstore.put_async(self._store, _content(upload_id), bytes(content))
        return digests.arrived(_content(upload_id))

    async def inspect(self, upload_id: str) -> Arrived | None:
        """Reads and hashes what S3 has got."""
        digests = Digests(self._max_bytes)
        with store_faults("read"):
            try:
                result = await obstore.get_async(self._store, _content(upload_id))
                async for chunk in result.stream(BUFFER_BYTES):
                    digests.update(bytes(chunk))
            except FileNotFoundError:
                return None
        declared = result.attributes.get("Content-Type")
        return digests.arrived(_content(upload_id), None if declared is None else str(declared))

    async def keep(self, namespace_id: str, arrived: Arrived) -> str:
        """Copies the content; what was overwritten since it was hashed is not kept."""
        key = blob_key(namespace_id, arrived.sha256)
        if self._before_put is not None:
            await self._before_put(key)
        with store_faults("written"):
            content = bytes(await (await obstore.get_async(self._store, arrived.staged_key)).bytes_async())
            if hashlib.sha256(content).hexdigest() != arrived.sha256:
                raise UnavailableError("The upload changed while it was being confirmed; confirm it again.")
            await obstore.put_async(self._store, key, content)
        return key

    async def discard(self, upload_id: str) -> None:
        """Removes the content."""
        with store_faults("written"), suppress(FileNotFoundError):
            await obstore.delete_async(self._store, _content(upload_id))

    async def waiting(self) -> list[str]:
        """The keys below the prefix of uploads."""
        with store_faults("read"):
            listed = await obstore.list_with_delimiter_async(self._store, FOLDER)
        return [entry["path"].rsplit("/", 1)[-1] for entry in listed["objects"]]


def _content(upload_id: str) -> str:
    return f"{FOLDER}/{upload_id}"
