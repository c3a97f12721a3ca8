"""Objects, as the gateway reads them."""

import asyncpg

from services.common.database.pool import Executor
from services.common.errors import NotFoundError
from services.gateway.store.tables import OBJECT_COLUMNS

FIND = f"SELECT {OBJECT_COLUMNS} FROM objects o WHERE o.bucket_id = $1 AND o.object_id = $2"  # noqa: S608


async def read_object(db: Executor, bucket_id: str, object_id: str) -> asyncpg.Record:
    """An object of this bucket, with the number of its documents."""
    row = await db.fetchrow(FIND, bucket_id, object_id)
    if row is None:
        raise NotFoundError.of("object", object_id)
    return row
