"""Another unique key for a bucket that has objects: they get the keys that they would have been uploaded under."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from services.common.database.documents.edit_documents import OWN_OBJECT
from services.common.database.pool import Connection
from services.common.errors import BadRequestError, InvalidArgumentError
from services.gateway.buckets.unique_keys import unique_key_of

MOST = 10_000
PATH = "body.unique_key"
# Objects that stand for documents which were created directly have no key.
OBJECTS = """
    SELECT object_id, fields FROM objects
    WHERE bucket_id = $1 AND coalesce(idempotency_key, '') NOT LIKE $2 || '%'
    ORDER BY row_key LIMIT $3 FOR NO KEY UPDATE"""
REKEY = """
    UPDATE objects o SET unique_key = new.unique_key
    FROM unnest($1::text[], $2::text[]) AS new (object_id, unique_key) WHERE o.object_id = new.object_id"""
UNKEY = "UPDATE objects SET unique_key = NULL WHERE bucket_id = $1 AND unique_key IS NOT NULL"


async def rekey(connection: Connection, bucket_id: str, config: Mapping[str, Any] | None) -> None:
    """Keys all objects of the bucket anew; an error names those that cannot be told apart."""
    if config is None:
        await connection.execute(UNKEY, bucket_id)
        return
    rows = await connection.fetch(OBJECTS, bucket_id, OWN_OBJECT, MOST + 1)
    if len(rows) > MOST:
        message = f"Bucket '{bucket_id}' has more than {MOST} objects; make another bucket with this unique_key."
        raise BadRequestError(message, reason="TOO_MANY_OBJECTS", path=PATH, id=bucket_id)
    keys = _keys(rows, config)
    await connection.execute(REKEY, list(keys.values()), list(keys))


def _keys(rows: Sequence[asyncpg.Record], config: Mapping[str, Any]) -> dict[str, str]:
    """Unique key -> the object that has it."""
    keys: dict[str, str] = {}
    for row in rows:
        object_id, key = row["object_id"], _key(row, config)
        if key in keys:
            message = f"{PATH}: objects '{keys[key]}' and '{object_id}' would be the same; delete one of them first."
            raise InvalidArgumentError(message, reason="SAME_KEY", path=PATH, id=object_id)
        keys[key] = object_id
    return keys


def _key(row: asyncpg.Record, config: Mapping[str, Any]) -> str:
    try:
        return str(unique_key_of(config, row["fields"]))
    except InvalidArgumentError as error:
        field = error.details.get("path", PATH).removeprefix("body.")
        message = f"{PATH}: object '{row['object_id']}' cannot have it, for its '{field}'; change that first."
        raise InvalidArgumentError(message, reason="NO_KEY", path=PATH, id=row["object_id"]) from error
