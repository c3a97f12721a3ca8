"""Clusters in the database: what to group, and how."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.database.clusters.cluster_runs import cancel_run, open_runs
from services.common.database.events.outbox import record_event
from services.common.database.find_resources import get_row
from services.common.database.pool import Connection, Executor, Pool
from services.common.errors import NotFoundError
from services.common.filters.tables import Column, Kind, Table
from services.gateway.kit.lists.page_sql import Listing
from services.gateway.kit.lists.tables import AGE, CREATED, UPDATED
from services.gateway.kit.rows.change_row import change_row
from services.gateway.kit.rows.resource_names import name_taken

LOCK_COLLECTIONS = (
    "SELECT collection_id, settings FROM collections WHERE collection_id = ANY($1) ORDER BY collection_id FOR UPDATE"
)
COLLECTIONS_WITH = """
    SELECT collection_id, settings FROM collections
    WHERE namespace_id = $1 AND settings -> 'cluster_applications' @> $2 ORDER BY collection_id FOR UPDATE"""
SET_APPLICATIONS = "UPDATE collections SET settings = settings || $2, updated_at = now() WHERE collection_id = $1"

COLUMNS = """k.*,
    ARRAY(SELECT DISTINCT unnest(c.bucket_ids) FROM collections c
          WHERE c.collection_id = ANY(k.collection_ids) ORDER BY 1) AS bucket_ids,
    (SELECT c.collection_name FROM collections c WHERE c.collection_id = k.output_collection_id)
      AS output_collection_name"""
FIND = f"SELECT {COLUMNS} FROM clusters k WHERE k.cluster_id = $1"  # noqa: S608
CLUSTERS = Table(
    alias="k",
    columns={
        "cluster_id": Column("cluster_id"),
        "cluster_name": Column("cluster_name"),
        "description": Column("description"),
        "cluster_type": Column("cluster_type"),
        "status": Column("status"),
        "input_collections": Column("collection_ids", Kind.OTHER),
        "collection_ids": Column("collection_ids", Kind.OTHER),
        "feature_uris": Column("feature_uris", Kind.OTHER),
        "num_clusters": Column("num_clusters", Kind.OTHER),
        "num_documents_clustered": Column("num_documents_clustered", Kind.OTHER),
        "last_run_id": Column("last_run_id"),
        "last_executed_at": Column("last_executed_at", Kind.TIME),
        "created_at": CREATED,
        "updated_at": UPDATED,
    },
    prefixes={("vector_config",): "config", ("attribute_config",): "config"},
    fields="metadata",
)
LIST_CLUSTERS = Listing(
    table=CLUSTERS,
    source="clusters k",
    columns=COLUMNS,
    key=AGE.format(alias="k") + " || k.cluster_id)",
    key_type="text",
)
SEARCH_CLUSTERS = "k.cluster_name ILIKE {pattern} OR coalesce(k.description, '') ILIKE {pattern}"


@dataclass(frozen=True, kw_only=True)
class NewCluster:
    """A cluster about to be stored; `settings` are columns by name."""

    cluster_id: str
    namespace_id: str
    name: str
    cluster_type: str
    collection_ids: list[str]
    feature_uris: list[str]
    config: dict[str, Any]
    settings: dict[str, Any]


async def create_cluster(pool: Pool, new: NewCluster) -> str:
    """Stores a cluster; returns its id. AlreadyExistsError when the name is taken."""
    columns = {
        "cluster_id": new.cluster_id,
        "namespace_id": new.namespace_id,
        "cluster_name": new.name,
        "cluster_type": new.cluster_type,
        "collection_ids": new.collection_ids,
        "feature_uris": new.feature_uris,
        "config": new.config,
        **new.settings,
    }
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    sql = f"INSERT INTO clusters ({', '.join(columns)}) VALUES ({places})"  # noqa: S608
    async with pool.acquire() as connection, connection.transaction():
        try:
            await connection.execute(sql, *columns.values())
        except asyncpg.UniqueViolationError as error:
            raise name_taken("cluster", new.name) from error
        if new.settings["auto_execute_on_batch"]:
            await apply_cluster(connection, new.collection_ids, _application(new))
        await _tell(connection, "created", new.namespace_id, new.cluster_id, new.name)
    return new.cluster_id


def _application(new: NewCluster) -> dict[str, Any]:
    return {
        "cluster_id": new.cluster_id,
        "execution_mode": "on_batch",
        "auto_execute_on_batch": True,
        "min_document_threshold": new.settings["auto_execute_min_documents"],
        "cooldown_seconds": new.settings["auto_execute_cooldown_seconds"],
        "execution_phase": 2,
        "priority": 0,
    }


async def _tell(connection: Connection, what: str, namespace_id: str, cluster_id: str, name: str) -> None:
    payload = {"cluster_id": cluster_id, "cluster_name": name}
    await record_event(connection, namespace_id, f"cluster.{what}", cluster_id, payload)


async def read_cluster(db: Executor, namespace_id: str, identifier: str) -> asyncpg.Record:
    """A cluster by id, name or `clust_<name>`; NotFoundError where there is none."""
    found = await get_row(db, "cluster", namespace_id, identifier)
    row = await db.fetchrow(FIND, found["cluster_id"])
    if row is None:
        raise NotFoundError.of("cluster", identifier)
    return row


async def change_cluster(connection: Connection, row: asyncpg.Record, columns: dict[str, Any]) -> None:
    """Changes what is given, and tells of it; metadata are merged. AlreadyExistsError when the name is taken."""
    try:
        change = await change_row(connection, "clusters", "cluster_id", row["cluster_id"], columns)
    except asyncpg.UniqueViolationError as error:
        raise name_taken("cluster", str(columns.get("cluster_name"))) from error
    if change is None:
        raise NotFoundError.of("cluster", row["cluster_id"])
    if change.columns:
        await _tell(connection, "updated", row["namespace_id"], row["cluster_id"], change.row["cluster_name"])


async def delete_cluster(pool: Pool, row: asyncpg.Record) -> list[str]:
    """Deletes a cluster with its runs, and cancels those that go on; the ids of these."""
    cluster_id = row["cluster_id"]
    async with pool.acquire() as connection, connection.transaction():
        canceled = [
            run_id for run_id in await open_runs(connection, cluster_id) if await cancel_run(connection, run_id)
        ]
        deleted = await connection.fetchval("DELETE FROM clusters WHERE cluster_id = $1 RETURNING true", cluster_id)
        if not deleted:
            raise NotFoundError.of("cluster", cluster_id)
        await take_off_cluster(connection, row["namespace_id"], cluster_id)
        await _tell(connection, "deleted", row["namespace_id"], cluster_id, row["cluster_name"])
    return canceled


async def apply_cluster(connection: Connection, collection_ids: Sequence[str], application: dict[str, Any]) -> None:
    """Adds a cluster to what is applied to these collections, in the caller's transaction."""
    for row in await connection.fetch(LOCK_COLLECTIONS, list(collection_ids)):
        applications = [*(row["settings"].get("cluster_applications") or []), application]
        await connection.execute(SET_APPLICATIONS, row["collection_id"], {"cluster_applications": applications})


async def take_off_cluster(connection: Connection, namespace_id: str, cluster_id: str) -> None:
    """Takes a cluster off all collections that name its id, in the caller's transaction."""
    for row in await connection.fetch(COLLECTIONS_WITH, namespace_id, [{"cluster_id": cluster_id}]):
        applications = [each for each in row["settings"]["cluster_applications"] if each["cluster_id"] != cluster_id]
        await connection.execute(SET_APPLICATIONS, row["collection_id"], {"cluster_applications": applications})
