"""Which collections have something to do with an object."""

from collections.abc import Mapping
from typing import Any

from services.common.database.pool import Connection
from services.common.extractors.inputs import Mappings, mapped_paths
from services.common.extractors.passthrough import lookup
from services.common.extractors.traits import traits_of

OF_BUCKET = """
    SELECT collection_id, extractor, feature_extractor -> 'input_mappings' AS mappings FROM collections
    WHERE bucket_ids @> ARRAY[$1] AND enabled ORDER BY collection_id"""


async def concerned(connection: Connection, bucket_id: str, fields: Mapping[str, Any], *, has_blobs: bool) -> list[str]:
    """The collections of a bucket that an object concerns.

    Without blobs it concerns those that find their input among its fields. Where none does it concerns all, which say
    what it lacks.
    """
    rows = await connection.fetch(OF_BUCKET, bucket_id)
    reading = [row["collection_id"] for row in rows if reads_fields(row["extractor"], row["mappings"], fields)]
    return reading if reading and not has_blobs else [row["collection_id"] for row in rows]


async def collections_of(connection: Connection, bucket_id: str) -> list[str]:
    """All collections that process the objects of a bucket."""
    return [row["collection_id"] for row in await connection.fetch(OF_BUCKET, bucket_id)]


def reads_fields(extractor: str, mappings: Mappings, fields: Mapping[str, Any]) -> bool:
    """Whether an extractor finds its input among the fields."""
    if not traits_of(extractor).extracts:
        return True
    return any(lookup(fields, path) is not None for path in mapped_paths(mappings, ()))
