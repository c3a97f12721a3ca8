"""The bytes that an ingest works on: from the blob store, or fetched once and kept there."""

import hashlib
from typing import Protocol

from services.common.database.records import Blob
from services.common.errors import LikenessError
from services.common.fetched import Fetched, mime_type_of
from services.worker.domain import Content, Ingest
from services.worker.failures import of_source
from services.worker.inputs import choose_input


class Store(Protocol):
    """Where blobs are kept."""

    async def get(self, key: str) -> bytes:
        """The bytes stored under `key`."""

    async def put(self, key: str, content: bytes) -> None:
        """Stores bytes under `key`."""


class Reader(Protocol):
    """Who fetches what a user's URL names."""

    async def read(self, url: str) -> Fetched:
        """The content behind a URL, within the limits of the settings."""


class Contents:
    """Reads the input of an ingest, and mirrors what it had to fetch."""

    def __init__(self, store: Store, reader: Reader) -> None:
        self._store = store
        self._reader = reader

    async def read(self, ingest: Ingest) -> Content:
        """The bytes of the blob that the collection maps; raises what the failure means for the attempt."""
        chosen = choose_input(ingest)
        try:
            if isinstance(chosen, str):
                return await self._fetch(chosen, None)
            if chosen.storage_key is not None:
                return await self._load(chosen, chosen.storage_key)
            return await self._fetch(chosen.source_url or "", chosen)
        except LikenessError as error:
            raise of_source(error) from error

    async def _load(self, blob: Blob, storage_key: str) -> Content:
        data = await self._store.get(storage_key)
        mime_type = blob.mime_type or mime_type_of(data, "", blob.filename or "")
        return Content(data=data, blob=blob, storage_key=storage_key, mime_type=mime_type, sha256=_sha256(data))

    async def _fetch(self, url: str, blob: Blob | None) -> Content:
        fetched = await self._reader.read(url)
        digest = _sha256(fetched.content)
        await self._store.put(digest, fetched.content)
        return Content(data=fetched.content, blob=blob, storage_key=digest, mime_type=fetched.mime_type, sha256=digest)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
