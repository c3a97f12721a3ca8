"""Blobs of an object replaced by others of the same property: a new link where the old one has expired."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from services.common.database.pool import Connection
from services.gateway.objects.creation.merging import INSERT_BLOBS

REMOVE = "DELETE FROM blobs WHERE object_id = $1 AND property = ANY($2) RETURNING property, position"
LAST = "SELECT coalesce(max(position), -1) FROM blobs WHERE object_id = $1"


async def replace_blobs(connection: Connection, object_id: str, blobs: Sequence[dict[str, Any]]) -> None:
    """Puts the blobs, rows of the table, in the place of those of their properties; the object has been locked."""
    if not blobs:
        return
    rows = await connection.fetch(REMOVE, object_id, [blob["property"] for blob in blobs])
    places = {row["property"]: row["position"] for row in rows}
    after = count(1 + max(await connection.fetchval(LAST, object_id), *places.values(), -1))
    moved = [{**blob, "position": places.pop(blob["property"], None)} for blob in blobs]
    placed = [{**blob, "position": next(after) if blob["position"] is None else blob["position"]} for blob in moved]
    await connection.execute(INSERT_BLOBS, object_id, placed)
