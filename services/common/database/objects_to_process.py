"""Which collections have something to do with an object."""

from collections.abc import Mapping
from typing import Any

from services.common.database.pool import Connection
from services.common.extractor_traits import traits_of
from services.common.passthrough import lookup, strip_root

OF_BUCKET = """
    SELECT collection_id, extractor, feature_extractor -> 'input_mappings' AS mappings FROM collections
    WHERE bucket_ids @> ARRAY[$1] AND enabled ORDER BY collection_id"""


async def collections_without_blobs(connection: Connection, bucket_id: str, fields: Mapping[str, Any]) -> list[str]:
    """Those collections of a bucket that an object without blobs concerns: by a mapped field, or by any field."""
    rows = await connection.fetch(OF_BUCKET, bucket_id)
    return [row["collection_id"] for row in rows if reads_fields(row["extractor"], row["mappings"], fields)]


async def collections_of(connection: Connection, bucket_id: str) -> list[str]:
    """All collections that process the objects of a bucket."""
    return [row["collection_id"] for row in await connection.fetch(OF_BUCKET, bucket_id)]


def reads_fields(extractor: str, mappings: Any, fields: Mapping[str, Any]) -> bool:
    """Whether an extractor finds its input among the fields."""
    if not traits_of(extractor).extracts:
        return True
    paths = mappings.values() if isinstance(mappings, Mapping) else []
    return any(lookup(fields, strip_root(path)) is not None for path in paths if isinstance(path, str))
