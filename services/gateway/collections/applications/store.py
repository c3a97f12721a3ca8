"""What is applied to a collection, in the database: taxonomies and retriever enrichments."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.common.database.pool import Connection
from services.common.errors import AlreadyExistsError
from services.common.json.equality import same_value
from services.gateway.collections.events import record_collection_events

# Columns of a collection `c`: what is applied to it, in the contract's form.
APPLICATION_COLUMNS = """
    (SELECT coalesce(jsonb_agg(a.settings ORDER BY a.position), '[]') FROM taxonomy_applications a
     WHERE a.collection_id = c.collection_id AND a.taxonomy_id IS NOT NULL) AS taxonomy_applications,
    (SELECT coalesce(jsonb_agg(a.settings ORDER BY a.position), '[]') FROM taxonomy_applications a
     WHERE a.collection_id = c.collection_id AND a.taxonomy_id IS NULL) AS retriever_enrichments"""
REMOVE = "DELETE FROM taxonomy_applications WHERE collection_id = $1 AND (taxonomy_id IS NOT NULL) = $2"
STORED = """
    SELECT taxonomy_id, target_collection_id, execution_phase, priority, enabled, settings, config, runs, label_fields
    FROM taxonomy_applications WHERE collection_id = $1 AND (taxonomy_id IS NOT NULL) = $2 ORDER BY position"""
DETACH = """
    WITH gone AS (DELETE FROM taxonomy_applications WHERE taxonomy_id = $1 RETURNING collection_id)
    SELECT * FROM collections WHERE collection_id IN (SELECT collection_id FROM gone)"""
INSERT = """
    INSERT INTO taxonomy_applications (collection_id, position, taxonomy_id, target_collection_id, execution_phase,
                                       priority, enabled, settings, config, runs, label_fields)
    SELECT $1, coalesce(max(position), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10
    FROM taxonomy_applications WHERE collection_id = $1"""


@dataclass(frozen=True, kw_only=True)
class NewApplication:
    """A taxonomy, or with a `config` of its own a retriever enrichment, about to be applied to a collection.

    `settings` is what the contract shows. Without a target the collection's own documents are labelled.
    """

    taxonomy_id: str | None
    settings: dict[str, Any]
    execution_phase: int
    priority: int
    enabled: bool = True
    target_collection_id: str | None = None
    config: dict[str, Any] | None = None
    runs: list[dict[str, Any]] | None = None
    label_fields: list[str] | None = None


@dataclass(frozen=True, kw_only=True)
class NewApplications:
    """What is to be applied from now on; None leaves that kind as it is."""

    taxonomies: Sequence[NewApplication] | None = field(default=None)
    enrichments: Sequence[NewApplication] | None = field(default=None)


async def set_applications(connection: Connection, collection_id: str, new: NewApplications) -> list[str]:
    """Replaces what is applied to a collection; the very next upload is labelled so. Which kinds are others now."""
    changed = []
    for name, applications in (("taxonomy_applications", new.taxonomies), ("retriever_enrichments", new.enrichments)):
        if applications is None:
            continue
        are_taxonomies = name == "taxonomy_applications"
        rows = [_row(collection_id, application) for application in applications]
        if same_value(await _stored(connection, collection_id, are_taxonomies=are_taxonomies), rows):
            continue
        await connection.execute(REMOVE, collection_id, are_taxonomies)
        for row in rows:
            await connection.execute(INSERT, collection_id, *row)
        changed.append(name)
    return changed


async def _stored(connection: Connection, collection_id: str, *, are_taxonomies: bool) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await connection.fetch(STORED, collection_id, are_taxonomies)]


def _row(collection_id: str, new: NewApplication) -> tuple[Any, ...]:
    return (
        new.taxonomy_id,
        new.target_collection_id or collection_id,
        new.execution_phase,
        new.priority,
        new.enabled,
        new.settings,
        new.config,
        new.runs,
        new.label_fields,
    )


async def collections_with(connection: Connection, taxonomy_id: str) -> list[str]:
    """The names of the collections that a taxonomy is applied to."""
    rows = await connection.fetch(
        """SELECT DISTINCT c.collection_name FROM labellers l JOIN collections c USING (collection_id)
           WHERE l.taxonomy_id = $1 ORDER BY c.collection_name""",
        taxonomy_id,
    )
    return [row["collection_name"] for row in rows]


async def detach(connection: Connection, taxonomy_id: str, *, force: bool) -> None:
    """Makes a taxonomy free to be deleted; AlreadyExistsError when it is in use, unless `force` takes it off."""
    used = await collections_with(connection, taxonomy_id)
    if used and not force:
        names = ", ".join(f"'{name}'" for name in used)
        raise AlreadyExistsError(
            f"The taxonomy labels {names}: take it off these collections first, or delete it with ?force=true.",
            reason="IN_USE",
            resource="taxonomy",
            id=taxonomy_id,
        )
    rows = await connection.fetch(DETACH, taxonomy_id)
    await record_collection_events(connection, "updated", rows, "taxonomy_applications", taxonomy_id=taxonomy_id)
