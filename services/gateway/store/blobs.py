"""Blobs of objects, as the database knows them."""

from collections import defaultdict
from collections.abc import Sequence

import asyncpg

from services.common.database.pool import Executor
from services.common.database.records import Blob
from services.common.errors import NotFoundError

OF_OBJECTS = "SELECT * FROM blobs WHERE object_id = ANY($1) ORDER BY object_id, position"
IN_NAMESPACE = "SELECT b.* FROM blobs b JOIN objects o USING (object_id) WHERE b.blob_id = $1 AND o.namespace_id = $2"


async def blobs_of(db: Executor, object_ids: Sequence[str]) -> dict[str, list[Blob]]:
    """Object id -> its blobs, in their order; an object without any is missing."""
    found: dict[str, list[Blob]] = defaultdict(list)
    for row in await db.fetch(OF_OBJECTS, list(set(object_ids))):
        found[row["object_id"]].append(to_blob(row))
    return found


async def find_blob(db: Executor, blob_id: str) -> Blob | None:
    """A blob of any namespace, for whoever holds a signed link to it."""
    row = await db.fetchrow("SELECT * FROM blobs WHERE blob_id = $1", blob_id)
    return None if row is None else to_blob(row)


async def get_blob(db: Executor, namespace_id: str, blob_id: str) -> Blob:
    """A blob of this namespace."""
    row = await db.fetchrow(IN_NAMESPACE, blob_id, namespace_id)
    if row is None:
        raise NotFoundError.of("blob", blob_id)
    return to_blob(row)


def to_blob(row: asyncpg.Record) -> Blob:
    """A blob from its row."""
    return Blob(**{name: row[name] for name in Blob.__dataclass_fields__})
