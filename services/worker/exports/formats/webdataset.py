"""WebDataset: shards of samples, each a row as JSON and, when asked for, the files of its object."""

import io
import mimetypes
import tarfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from services.common.blobs import BlobStore
from services.common.errors import NotFoundError

Media = Sequence[Mapping[str, Any]]
Sample = tuple[Mapping[str, Any], Media | None]
SUFFIXES: Mapping[str, str] = {"image/jpeg": ".jpg", "text/plain": ".txt", "audio/mpeg": ".mp3"}
TELL_EVERY = 200


@dataclass
class Tally:
    """ExportMediaSummary."""

    samples_with_media: int = 0
    samples_without_media: int = 0
    members_written: int = 0
    members_skipped_too_large: int = 0
    objects_not_found: int = 0
    download_failures: int = 0
    media_bytes: int = 0


@dataclass(frozen=True)
class Shard:
    """A tar that is written."""

    path: Path
    sample_count: int


class ShardWriter:
    """Writes shards of `size` samples into a folder; what of the media came along is in `tally`."""

    def __init__(self, folder: Path, size: int, blobs: BlobStore, max_bytes: int) -> None:
        self._folder = folder
        self._size = size
        self._blobs = blobs
        self._max_bytes = max_bytes
        self._media = Tally()

    @property
    def tally(self) -> dict[str, int]:
        """What became of the media."""
        return asdict(self._media)

    async def write(self, samples: Iterator[Sample], told: Callable[[int], Awaitable[None]]) -> list[Shard]:
        """Writes all samples; without any there is one empty shard."""
        shards: list[Shard] = []
        done, upcoming = 0, next(samples, None)
        while upcoming is not None or not shards:
            path = self._folder / f"documents-{len(shards):06d}.tar"
            count = 0
            with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
                while upcoming is not None and count < self._size:
                    await self._sample(tar, upcoming)
                    count, upcoming = count + 1, next(samples, None)
                    if (done + count) % TELL_EVERY == 0:
                        await told(done + count)
            done += count
            shards.append(Shard(path, count))
        return shards

    async def _sample(self, tar: tarfile.TarFile, sample: Sample) -> None:
        row, media = sample
        key = str(row["document_id"]).replace(".", "_")
        _add(tar, f"{key}.json", orjson.dumps(row))
        if media is None:
            return
        written = 0
        for number, blob in enumerate(media):
            content = await self._content(blob)
            if content is not None:
                _add(tar, f"{key}.{_end(blob, alone=number == 0)}", content)
                written += 1
        self._count(written, media)

    def _count(self, written: int, media: Media) -> None:
        self._media.members_written += written
        self._media.objects_not_found += not media
        if written:
            self._media.samples_with_media += 1
        else:
            self._media.samples_without_media += 1

    async def _content(self, blob: Mapping[str, Any]) -> bytes | None:
        if (blob["size_bytes"] or 0) > self._max_bytes:
            self._media.members_skipped_too_large += 1
            return None
        try:
            if blob["storage_key"] is None:
                raise NotFoundError.of("blob", blob["blob_id"])
            content = await self._blobs.get(blob["storage_key"])
        except NotFoundError:
            self._media.download_failures += 1
            return None
        self._media.media_bytes += len(content)
        return content


def _end(blob: Mapping[str, Any], *, alone: bool) -> str:
    """What comes after the first dot, and is the sample's key for the file: `jpg`, or `side_view.jpg` of a second."""
    mime_type = blob["mime_type"] or ""
    suffix = SUFFIXES.get(mime_type) or mimetypes.guess_extension(mime_type) or ".bin"
    return suffix[1:] if alone and suffix != ".json" else f"{blob['property']}{suffix}"


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
