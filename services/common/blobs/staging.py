"""Where uploads by presigned URL wait until they are confirmed: apart from the blobs, which are found by content."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from services.common.errors import TooLargeError

FOLDER = "uploads"
HEAD_BYTES = 8192
BUFFER_BYTES = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """What has been uploaded: `head` are its first bytes, `etag` an MD5 as S3 gives it."""

    staged_key: str
    size_bytes: int
    sha256: str
    etag: str
    head: bytes
    content_type: str | None = None


class Staging(Protocol):
    """Keeps uploads until they are confirmed. UnavailableError when S3 is down."""

    async def presign(self, upload_id: str, seconds: int) -> str | None:
        """A URL that takes the bytes; None for a folder, whose uploads the gateway takes itself."""

    async def receive(self, upload_id: str, chunks: AsyncIterator[bytes]) -> Arrived:
        """Keeps bytes that come through the gateway; TooLargeError above the limit."""

    async def inspect(self, upload_id: str) -> Arrived | None:
        """What has arrived without passing the gateway."""

    async def keep(self, namespace_id: str, arrived: Arrived) -> str:
        """Makes it a blob, durably; returns its key in the blob store."""

    async def discard(self, upload_id: str) -> None:
        """Removes what has arrived, if anything has."""

    async def waiting(self) -> list[str]:
        """The uploads that something has arrived for."""


@dataclass
class Digests:
    """Counts and hashes bytes as they pass."""

    max_bytes: int
    size: int = 0
    head: bytes = b""
    sha256: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    md5: "hashlib._Hash" = field(default_factory=lambda: hashlib.md5(usedforsecurity=False))

    def update(self, chunk: bytes) -> None:
        """Counts a piece; TooLargeError above the limit."""
        self.size += len(chunk)
        if self.size > self.max_bytes:
            message = f"The upload is larger than {self.max_bytes} bytes, which LIKENESS_MAX_BLOB_BYTES sets."
            raise TooLargeError(message, reason="BLOB_TOO_LARGE", path="body")
        if len(self.head) < HEAD_BYTES:
            self.head += chunk[: HEAD_BYTES - len(self.head)]
        self.sha256.update(chunk)
        self.md5.update(chunk)

    def arrived(self, staged_key: str, content_type: str | None = None) -> Arrived:
        """What has passed."""
        return Arrived(
            staged_key=staged_key,
            size_bytes=self.size,
            sha256=self.sha256.hexdigest(),
            etag=self.md5.hexdigest(),
            head=self.head,
            content_type=content_type,
        )


async def blocks(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces that are worth a write."""
    buffer = bytearray()
    async for chunk in chunks:
        buffer += chunk
        if len(buffer) >= BUFFER_BYTES:
            yield bytes(buffer)
            buffer.clear()
    if buffer:
        yield bytes(buffer)
