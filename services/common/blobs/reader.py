"""The one way to the bytes behind a source URL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.common.blobs.inline import is_data_uri, parse_data_uri
from services.common.blobs.s3 import S3Source
from services.common.errors import InvalidArgumentError
from services.common.http.content import Fetched
from services.common.http.fetcher import Fetcher, open_fetcher
from services.common.settings import Settings


class BlobReader:
    """Reads http, https and s3 URLs and data URIs; other schemes are refused with reason SOURCE_SCHEME."""

    def __init__(self, fetcher: Fetcher, s3: S3Source, *, max_bytes: int) -> None:
        self._fetcher = fetcher
        self._s3 = s3
        self._max_bytes = max_bytes

    async def read(self, source_url: str) -> Fetched:
        """The content of the source; InvalidArgumentError when it cannot be had, UnavailableError when not now."""
        scheme = source_url.partition(":")[0].strip().lower()
        if is_data_uri(source_url):
            return parse_data_uri(source_url, max_bytes=self._max_bytes)
        if scheme == "s3":
            return await self._s3.read(source_url.lstrip().rstrip("\t\r\n"))
        if scheme in ("http", "https"):
            return await self._fetcher.fetch(source_url.strip())
        raise InvalidArgumentError(
            f"'{source_url[:200]}' cannot be read; give an http, https or s3 URL, or a data URI.",
            reason="SOURCE_SCHEME",
        )


@asynccontextmanager
async def open_blob_reader(settings: Settings) -> AsyncIterator[BlobReader]:
    """A reader with the limits and credentials of the settings."""
    async with open_fetcher(settings) as fetcher:
        yield BlobReader(fetcher, S3Source(settings), max_bytes=settings.max_blob_bytes)
