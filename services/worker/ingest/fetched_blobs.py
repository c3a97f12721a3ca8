"""What is known of blobs since they were fetched."""

from collections.abc import Iterable

from services.common.database.pool import Pool
from services.worker.domain import Content

LEARN_BLOBS = """
    UPDATE blobs b SET storage_key = known.storage_key, mime_type = known.mime_type,
                       size_bytes = known.size_bytes, sha256 = known.sha256
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])
      AS known (blob_id, storage_key, mime_type, size_bytes, sha256)
    WHERE b.blob_id = known.blob_id"""


async def learn_blobs(pool: Pool, contents: Iterable[Content]) -> None:
    """Notes what was read of blobs, where it is not known yet."""
    facts = [
        (content.blob.blob_id, content.storage_key, content.mime_type, content.size_bytes, content.sha256)
        for content in contents
        if content.blob is not None
        and (content.blob.storage_key, content.blob.sha256) != (content.storage_key, content.sha256)
    ]
    if facts:
        await pool.execute(LEARN_BLOBS, *(list(column) for column in zip(*facts, strict=True)))
