"""What an ingest works on: from the blob store, or fetched once and kept there; and what the extractor made of it."""

import asyncio
import hashlib
from dataclasses import replace

from services.common.blobs import BlobReader, BlobStore, Fetched
from services.common.errors import LikenessError, UnavailableError
from services.common.grpc.server import MESSAGE_BYTES
from services.common.http.content import mime_type_of
from services.common.row_types import Blob
from services.worker.domain import Artifact, Content, KeptFile, Part
from services.worker.ingest.input_choice import Address, Chosen, Words
from services.worker.kit.job_retries import NotNowError, RejectedError, of_source

# What is sent with the file is small.
MOST_BYTES = MESSAGE_BYTES - 1024 * 1024


class Contents:
    """Reads the input of an ingest, mirrors what it had to fetch, and keeps what is made of it."""

    def __init__(self, store: BlobStore, reader: BlobReader) -> None:
        self._store = store
        self._reader = reader

    async def read(self, namespace_id: str, chosen: Chosen, *, afresh: bool = False) -> Content:
        """The bytes or words of an input, `afresh` from its address; raises what a failure means for the attempt."""
        match chosen:
            case Words(text):
                return _of_words(text)
            case Address(url):
                return _of_fetched(await self._fetch(url))
            case Blob(storage_key=str(key), source_url=url) if not (afresh and url):
                return await self._load(chosen, key)
        return await self._mirror(namespace_id, chosen, await self._fetch(chosen.source_url or ""))

    async def keep(self, namespace_id: str, part: Part) -> Part:
        """The part with its artifacts in the blob store."""
        files = await asyncio.gather(*(self._keep(namespace_id, artifact) for artifact in part.artifacts))
        return part.with_files(files)

    async def _keep(self, namespace_id: str, artifact: Artifact) -> KeptFile:
        return KeptFile(
            field=artifact.field,
            mime_type=artifact.mime_type,
            storage_key=await self._put(namespace_id, artifact.content),
            size_bytes=len(artifact.content),
            sha256=_sha256(artifact.content),
        )

    async def _load(self, blob: Blob, storage_key: str) -> Content:
        _check_size(blob.size_bytes or 0)
        try:
            data = await self._store.get(storage_key)
        except LikenessError as error:
            raise _of_store(error) from error
        _check_size(len(data))
        return Content(
            data=data,
            blob=blob,
            storage_key=storage_key,
            mime_type=blob.mime_type or mime_type_of(data, "", blob.filename or ""),
            size_bytes=len(data),
            sha256=blob.sha256 or _sha256(data),
        )

    async def _fetch(self, url: str) -> Fetched:
        try:
            return await self._reader.read(url)
        except LikenessError as error:
            raise of_source(error) from error

    async def _mirror(self, namespace_id: str, blob: Blob, fetched: Fetched) -> Content:
        content = _of_fetched(fetched)
        return replace(content, blob=blob, storage_key=await self._put(namespace_id, fetched.content))

    async def _put(self, namespace_id: str, content: bytes) -> str:
        try:
            return await self._store.put(namespace_id, content)
        except LikenessError as error:
            raise _of_store(error) from error


def _of_fetched(fetched: Fetched) -> Content:
    data = fetched.content
    _check_size(len(data))
    return Content(data=data, mime_type=fetched.mime_type, size_bytes=len(data), sha256=_sha256(data))


def _of_words(text: str) -> Content:
    data = text.encode(errors="replace")
    return Content(text=text, mime_type="text/plain", size_bytes=len(data), sha256=_sha256(data))


def _check_size(size: int) -> None:
    if size > MOST_BYTES:
        message = f"The file has {size} bytes; at most {MOST_BYTES} can be processed. Upload a smaller one."
        raise RejectedError("TOO_LARGE", message)


def _of_store(error: LikenessError) -> Exception:
    """Our own store being away is no fault of the object's."""
    return NotNowError(error.message) if isinstance(error, UnavailableError) else of_source(error)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
