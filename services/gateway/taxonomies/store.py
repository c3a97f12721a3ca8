"""Taxonomies, native and inline, and their versions in the database."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg

from services.common.database.events.outbox import record_event
from services.common.database.find_resources import get_row
from services.common.database.pool import Connection, Executor, Pool
from services.common.errors import NotFoundError
from services.common.events.event_payloads import MOST_FIELDS, changed_fields
from services.common.filters.tables import Column, Kind, Table
from services.common.ids import new_id
from services.gateway.collections.applications.store import detach
from services.gateway.collections.inline_taxonomies.store import puts_in_force
from services.gateway.kit.lists.page_sql import Listing
from services.gateway.kit.rows.change_row import change_row
from services.gateway.kit.rows.resource_names import name_taken

# An inline taxonomy does not say which collection it searches; its retriever does.
COLUMNS = """t.*, (
    SELECT c.collection_id FROM retrievers r JOIN collections c
      ON c.collection_id = r.bindings ->> ('collection/' || r.collection_identifiers[1])
    WHERE r.namespace_id = t.namespace_id AND r.retriever_id = t.config ->> 'retriever_id') AS source_collection_id"""
FIND = f"SELECT {COLUMNS} FROM taxonomies t WHERE t.taxonomy_id = $1"  # noqa: S608
OF_VERSION = """t.taxonomy_id, t.namespace_id, t.taxonomy_name, t.collection_id, t.description, t.metadata,
    v.version, v.config, v.runs, v.label_fields, v.created_at, v.created_at AS updated_at"""
VERSIONS = f"""
    SELECT {COLUMNS} FROM (SELECT {OF_VERSION} FROM taxonomies t JOIN taxonomy_versions v USING (taxonomy_id)) t
    WHERE t.taxonomy_id = $1 AND ($2::int IS NULL OR t.version = $2) ORDER BY t.version DESC LIMIT $3 OFFSET $4"""  # noqa: S608
INSERT = """
    INSERT INTO taxonomies (taxonomy_id, namespace_id, taxonomy_name, description, metadata, config, runs, label_fields)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""
# The inline taxonomy's own columns say what it does; a trigger makes the config from them.
INLINE_OPTIONS = ("top_k", "decision", "path_field", "path_separator", "path_agreement", "input_mappings")
AGE = "(extract(epoch FROM t.created_at)::numeric(20, 6)::text || t.taxonomy_id)"
TAXONOMIES = Table(
    alias="t",
    columns={
        "taxonomy_id": Column("taxonomy_id"),
        "taxonomy_name": Column("taxonomy_name"),
        "description": Column("description"),
        "collection_id": Column("collection_id"),
        "version": Column("version", Kind.OTHER),
        "created_at": Column("created_at", Kind.TIME),
        "updated_at": Column("updated_at", Kind.TIME),
    },
    prefixes={("config",): "config"},
    fields="metadata",
)
LIST_TAXONOMIES = Listing(table=TAXONOMIES, source="taxonomies t", columns=COLUMNS, key=AGE, key_type="text")
SEARCH_TAXONOMIES = "t.taxonomy_name ILIKE {pattern} OR coalesce(t.description, '') ILIKE {pattern}"


@dataclass(frozen=True, kw_only=True)
class NewTaxonomy:
    """A native taxonomy about to be stored."""

    namespace_id: str
    name: str
    description: str | None
    metadata: dict[str, Any]
    config: dict[str, Any]
    runs: list[dict[str, Any]]
    label_fields: list[str]


async def insert_taxonomy(connection: Connection, new: NewTaxonomy) -> str:
    """Stores a taxonomy at version 1; returns its id. AlreadyExistsError when the name is taken."""
    taxonomy_id = new_id("tax")
    values = (new.name, new.description, new.metadata, new.config, new.runs, new.label_fields)
    try:
        await connection.execute(INSERT, taxonomy_id, new.namespace_id, *values)
    except asyncpg.UniqueViolationError as error:
        raise name_taken("taxonomy", new.name) from error
    payload = {"taxonomy_name": new.name, "version": 1, "label_fields": new.label_fields[:MOST_FIELDS]}
    await record_event(connection, new.namespace_id, "taxonomy.created", taxonomy_id, payload)
    return taxonomy_id


async def read_taxonomy(db: Executor, namespace_id: str, identifier: str, version: int | None = None) -> asyncpg.Record:
    """A taxonomy by any identifier, as it is or was at a version; NotFoundError where there is none."""
    found = await get_row(db, "taxonomy", namespace_id, identifier)
    row = await db.fetchrow(FIND, found["taxonomy_id"])
    if version is not None:
        row = await db.fetchrow(VERSIONS, found["taxonomy_id"], version, 1, 0)
    if row is None:
        raise NotFoundError.of("taxonomy", identifier if version is None else f"{identifier} at version {version}")
    return row


async def read_versions(db: Executor, taxonomy_id: str, limit: int, offset: int) -> list[asyncpg.Record]:
    """The versions of a taxonomy, the newest first."""
    return await db.fetch(VERSIONS, taxonomy_id, None, limit, offset)


async def count_versions(db: Executor, taxonomy_id: str) -> int:
    """How many versions a taxonomy has."""
    return int(await db.fetchval("SELECT count(*) FROM taxonomy_versions WHERE taxonomy_id = $1", taxonomy_id))


async def update_taxonomy(connection: Connection, row: asyncpg.Record, given: dict[str, Any], *, config: bool) -> None:
    """Changes what a taxonomy says of itself, and tells of it; metadata are merged.

    `config` tells of a version added before.
    """
    try:
        change = await change_row(connection, "taxonomies", "taxonomy_id", row["taxonomy_id"], given)
    except asyncpg.UniqueViolationError as error:
        raise name_taken("taxonomy", str(given.get("taxonomy_name"))) from error
    if change is None:
        raise NotFoundError.of("taxonomy", row["taxonomy_id"])
    if names := [*change.columns, *(["config"] if config else [])]:
        payload = {**_told(change.row), **changed_fields(names)}
        await record_event(connection, row["namespace_id"], "taxonomy.updated", row["taxonomy_id"], payload)


def _told(row: asyncpg.Record) -> dict[str, Any]:
    return {name: row[name] for name in ("taxonomy_name", "collection_id", "version")}


async def add_version(connection: Connection, taxonomy_id: str, columns: dict[str, Any], *, same_too: bool) -> bool:
    """Puts a new version of a taxonomy in force; without `same_too` only where it says something else."""
    sets = ", ".join(f"{name} = ${number}" for number, name in enumerate(columns, 2))
    version = "(SELECT max(version) + 1 FROM taxonomy_versions WHERE taxonomy_id = $1)"
    sql = f"UPDATE taxonomies SET {sets}, version = {version}, updated_at = now() WHERE taxonomy_id = $1"  # noqa: S608
    write = partial(connection.execute, sql, taxonomy_id, *columns.values())
    return await puts_in_force(connection, "taxonomy_id", taxonomy_id, write, same_too=same_too)


def inline_columns(config: dict[str, Any]) -> dict[str, Any]:
    """The columns of the inline taxonomy of a collection that say so; the field that it fills stays."""
    return {
        "retriever_identifier": config["retriever_id"],
        "confidence_threshold": config.get("confidence_threshold", 0.0),
        "reference_labels": config.get("reference_labels", "all"),
        "options": {key: config[key] for key in INLINE_OPTIONS if config.get(key) is not None},
    }


async def delete_taxonomy(pool: Pool, row: asyncpg.Record, *, force: bool) -> None:
    """Deletes a taxonomy with its versions; AlreadyExistsError when it labels collections, unless `force`."""
    async with pool.acquire() as connection, connection.transaction():
        await detach(connection, row["taxonomy_id"], force=force)
        await connection.execute("DELETE FROM taxonomies WHERE taxonomy_id = $1", row["taxonomy_id"])
        await record_event(connection, row["namespace_id"], "taxonomy.deleted", row["taxonomy_id"], _told(row))
