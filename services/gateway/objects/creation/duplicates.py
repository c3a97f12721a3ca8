"""Objects of the same content: the same blobs, and the same words in the fields that extractors read."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from services.common.database.pool import Connection
from services.common.extractors.inputs import mapped_paths
from services.common.extractors.passthrough import lookup
from services.common.extractors.traits import traits_of

JsonObject = dict[str, Any]
MAPPED = """
    SELECT extractor, feature_extractor -> 'input_mappings' AS mappings FROM collections
    WHERE bucket_ids @> ARRAY[$1] ORDER BY collection_id"""
# What has failed is tried anew, and so is what a person took all documents of; not what there is nothing to find in.
IS_OF_USE = """(o.status <> 'FAILED' AND NOT (
      o.status = 'COMPLETED' AND NOT EXISTS (SELECT FROM documents d WHERE d.object_id = o.object_id)
      AND (SELECT count(*) > 0 AND count(p.note) = 0 FROM processing p WHERE p.object_id = o.object_id)))"""
# $2 the hashes of all blobs, $3 what the fields must hold, and unless $5 nothing else, $4 the unique key.
SAME = f"""
    SELECT o.object_id FROM objects o
    WHERE o.bucket_id = $1 AND o.fields @> $3 AND {IS_OF_USE} AND o.unique_key IS NOT DISTINCT FROM $4
      AND {{holds}} ORDER BY o.row_key LIMIT 1"""  # noqa: S608
SAME_BLOBS = """
    $5 AND o.object_id IN (SELECT object_id FROM blobs WHERE sha256 = ANY($2))
    AND (SELECT array_agg(DISTINCT b.sha256 ORDER BY b.sha256) = $2 AND count(*) = count(b.sha256)
         FROM blobs b WHERE b.object_id = o.object_id)"""
NO_BLOBS = """
    ($5 OR o.fields = $3) AND $2::text[] = '{}'
    AND NOT EXISTS (SELECT FROM blobs b WHERE b.object_id = o.object_id)"""
HOLD = "SELECT object_id FROM objects WHERE object_id = $1 FOR KEY SHARE"


async def find_duplicate(
    connection: Connection, bucket_id: str, hashes: Sequence[str], fields: Mapping[str, Any], unique_key: str | None
) -> str | None:
    """The first object of the bucket of this content, which is not deleted before the transaction ends.

    Who uploads the same content to the same bucket waits here, until the end of the other's transaction. `hashes` are
    those of all blobs. An object of nothing that is read is like one of the very same fields.
    """
    words = await _words(connection, bucket_id, fields)
    is_part = bool(hashes or words)
    wanted = words if is_part else dict(fields)
    if not hashes and not wanted:
        return None
    lock = "/".join((bucket_id, *hashes, orjson.dumps(wanted, option=orjson.OPT_SORT_KEYS).decode()))
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", lock)
    sql = SAME.format(holds=SAME_BLOBS if hashes else NO_BLOBS)
    while found := await connection.fetchval(sql, bucket_id, list(hashes), wanted, unique_key, is_part):
        if await connection.fetchval(HOLD, found):
            return str(found)
    return None


async def _words(connection: Connection, bucket_id: str, fields: Mapping[str, Any]) -> JsonObject:
    """What the fields hold that extractors of the bucket read."""
    rows = await connection.fetch(MAPPED, bucket_id)
    paths = [path for row in rows for path in mapped_paths(row["mappings"], traits_of(row["extractor"]).inputs)]
    return held_at(fields, paths)


def held_at(fields: Mapping[str, Any], paths: Iterable[str]) -> JsonObject:
    """Those of the fields, as they are nested, that hold words at these paths."""
    found: JsonObject = {}
    for path in paths:
        value = lookup(fields, path)
        if isinstance(value, str) and value.strip():
            _put(found, [path] if path in fields else path.split("."), value)
    return found


def _put(target: JsonObject, keys: Sequence[str], value: Any) -> None:
    for key in keys[:-1]:
        target = target.setdefault(key, {})
    target[keys[-1]] = value
