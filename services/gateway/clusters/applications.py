"""Which clusters are applied to collections, in the collections' settings."""

from collections.abc import Sequence
from typing import Any

from services.common.database.pool import Connection

LOCK = "SELECT collection_id, settings FROM collections WHERE collection_id = ANY($1) ORDER BY collection_id FOR UPDATE"
WITH = """
    SELECT collection_id, settings FROM collections
    WHERE namespace_id = $1 AND settings -> 'cluster_applications' @> $2 ORDER BY collection_id FOR UPDATE"""
SET = "UPDATE collections SET settings = settings || $2, updated_at = now() WHERE collection_id = $1"


async def apply_cluster(connection: Connection, collection_ids: Sequence[str], application: dict[str, Any]) -> None:
    """Adds a cluster to what is applied to these collections, in the caller's transaction."""
    for row in await connection.fetch(LOCK, list(collection_ids)):
        applications = [*(row["settings"].get("cluster_applications") or []), application]
        await connection.execute(SET, row["collection_id"], {"cluster_applications": applications})


async def take_off_cluster(connection: Connection, namespace_id: str, cluster_id: str) -> None:
    """Takes a cluster off all collections that name its id, in the caller's transaction."""
    for row in await connection.fetch(WITH, namespace_id, [{"cluster_id": cluster_id}]):
        applications = [each for each in row["settings"]["cluster_applications"] if each["cluster_id"] != cluster_id]
        await connection.execute(SET, row["collection_id"], {"cluster_applications": applications})
