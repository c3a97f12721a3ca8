"""Parts of objects that people have rejected, by deleting their documents."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.common.database.pool import Connection
from services.common.extractors.traits import traits_of

Key = tuple[str, str]
# Of an object's only document nobody can tell whether it or the object was meant; a face is a thing of its own.
CANDIDATES = """
    SELECT d.document_id, c.extractor,
           (SELECT count(*) FROM documents x WHERE x.object_id = d.object_id AND x.collection_id = d.collection_id
              AND x.part >= 0) AS parts,
           (SELECT count(*) FROM rejected_parts r WHERE r.object_id = d.object_id
              AND r.collection_id = d.collection_id) AS rejected
    FROM documents d JOIN collections c USING (collection_id) WHERE d.document_id = ANY($1) AND d.part >= 0"""
REJECT = """
    INSERT INTO rejected_parts (object_id, collection_id, part, vector, content_hash)
    SELECT d.object_id, d.collection_id, d.part,
           (SELECT e.vector FROM embeddings e WHERE e.document_id = d.document_id ORDER BY e.feature_uri LIMIT 1),
           d.internal ->> 'content_hash'
    FROM documents d WHERE d.document_id = ANY($1)
    ON CONFLICT (object_id, collection_id, part)
    DO UPDATE SET vector = excluded.vector, content_hash = excluded.content_hash, rejected_at = now()"""
OF_KEYS = """
    SELECT r.* FROM rejected_parts r JOIN unnest($1::text[], $2::text[]) AS key (object_id, collection_id)
      USING (object_id, collection_id)"""


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """What a rejected part is known by."""

    vector: bytes
    content_hash: str | None


async def reject_parts(connection: Connection, document_ids: Sequence[str]) -> None:
    """Notes those of the documents that are parts of their objects, before a person's deletion takes them away."""
    rows = await connection.fetch(CANDIDATES, list(document_ids))
    several = [
        row for row in rows if not traits_of(row["extractor"]).parts_are_one or row["parts"] + row["rejected"] > 1
    ]
    if several:
        await connection.execute(REJECT, [row["document_id"] for row in several])


async def rejected_parts(connection: Connection, keys: Sequence[Key]) -> Mapping[Key, Mapping[int, Rejected]]:
    """(object, collection) -> its rejected parts by number."""
    found: dict[Key, dict[int, Rejected]] = defaultdict(dict)
    for row in await connection.fetch(OF_KEYS, [key[0] for key in keys], [key[1] for key in keys]):
        rejected = Rejected(vector=row["vector"] or b"", content_hash=row["content_hash"])
        found[row["object_id"], row["collection_id"]][row["part"]] = rejected
    return found
