"""The bytes that an ingest works on: from the blob store, or fetched once and kept there."""

import hashlib

from services.common.blobs import BlobReader, BlobStore, Fetched
from services.common.database.records import Blob
from services.common.errors import LikenessError, UnavailableError
from services.common.fetched import mime_type_of
from services.worker.domain import Content, Ingest
from services.worker.failures import NotNowError, of_source
from services.worker.inputs import choose_input


class Contents:
    """Reads the input of an ingest, and mirrors what it had to fetch."""

    def __init__(self, store: BlobStore, reader: BlobReader) -> None:
        self._store = store
        self._reader = reader

    async def read(self, ingest: Ingest) -> Content:
        """The bytes of the blob that the collection maps; raises what the failure means for the attempt."""
        chosen = choose_input(ingest)
        if isinstance(chosen, Blob) and chosen.storage_key is not None:
            return await self._load(chosen, chosen.storage_key)
        if isinstance(chosen, str):
            return await self._mirror(ingest, None, await self._fetch(chosen))
        return await self._mirror(ingest, chosen, await self._fetch(chosen.source_url or ""))

    async def _load(self, blob: Blob, storage_key: str) -> Content:
        try:
            data = await self._store.get(storage_key)
        except LikenessError as error:
            raise _of_store(error) from error
        mime_type = blob.mime_type or mime_type_of(data, "", blob.filename or "")
        sha256 = blob.sha256 or _sha256(data)
        return Content(data=data, blob=blob, storage_key=storage_key, mime_type=mime_type, sha256=sha256)

    async def _fetch(self, url: str) -> Fetched:
        try:
            return await self._reader.read(url)
        except LikenessError as error:
            raise of_source(error) from error

    async def _mirror(self, ingest: Ingest, blob: Blob | None, fetched: Fetched) -> Content:
        try:
            key = await self._store.put(ingest.collection.namespace_id, fetched.content)
        except LikenessError as error:
            raise _of_store(error) from error
        return Content(
            data=fetched.content,
            blob=blob,
            storage_key=key,
            mime_type=fetched.mime_type,
            sha256=_sha256(fetched.content),
        )


def _of_store(error: LikenessError) -> Exception:
    """Our own store being away is no fault of the object's."""
    return NotNowError(error.message) if isinstance(error, UnavailableError) else of_source(error)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
