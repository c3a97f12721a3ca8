"""Whether the input of an ingest is what its documents were made of: then there is nothing to extract."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

import orjson

from services.common.database.pool import Pool
from services.common.extractors.traits import traits_of
from services.common.row_types import Blob
from services.worker.domain import Content, Extracted, Ingest
from services.worker.ingest.assembler import Assembler
from services.worker.ingest.processing_records import Records, learn_blobs
from services.worker.kit.database_outages import retried_in_outage


class InputComparison:
    """Reads inputs, and says whether they have changed."""

    def __init__(self, pool: Pool, assembler: Assembler, records: Records) -> None:
        self._pool = pool
        self._assembler = assembler
        self._records = records

    async def look(self, ingest: Ingest) -> Ingest | None:
        """The ingest with its blobs as they are now; None when it is all as it was."""
        contents, places = await self._assembler.read(ingest)
        await self._learn(contents)
        if input_digest(contents, places) == ingest.input_digest:
            return None
        await self._records.forget_input(ingest)
        return replace(ingest, blobs=tuple(_known(ingest.blobs, contents)))

    @retried_in_outage
    async def _learn(self, contents: Sequence[Content]) -> None:
        await learn_blobs(self._pool, contents)


def digest_of(extracted: Extracted) -> str:
    """The digest of what these parts were made of."""
    extracts = traits_of(extracted.ingest.collection.extractor).extracts
    return input_digest(extracted.contents, 0 if extracts else len(extracted.parts))


def input_digest(contents: Sequence[Content], places: int) -> str:
    """A digest of the inputs; where nothing is read of them, of how many there are."""
    read = [content.sha256 for content in contents]
    return hashlib.sha256(orjson.dumps(read or places)).hexdigest()


def _known(blobs: Iterable[Blob], contents: Iterable[Content]) -> list[Blob]:
    read = {content.blob.blob_id: content for content in contents if content.blob is not None}
    return [_with(blob, read[blob.blob_id]) if blob.blob_id in read else blob for blob in blobs]


def _with(blob: Blob, content: Content) -> Blob:
    facts = {name: getattr(content, name) for name in ("storage_key", "mime_type", "size_bytes", "sha256")}
    return replace(blob, **facts)
