"""Retrievers in the database."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from services.common.bindings import Bindings, bound
from services.common.database.pool import Executor, Pool
from services.common.errors import NotFoundError
from services.common.ids import new_id
from services.gateway.buckets.store import taken
from services.gateway.kit.rows.change_row import MERGED, change_row

INSERT = """
    INSERT INTO retrievers (retriever_id, namespace_id, retriever_name, description, collection_identifiers, stages,
                            input_schema, metadata, settings, bindings)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING *"""
# What is named anew, {"identifiers", "stages"}, may mean another thing when the one before is gone.
NAMED_ANEW = """living_bindings(bindings, ARRAY(SELECT names_of_retriever(
    ARRAY(SELECT jsonb_array_elements_text({0}::jsonb -> 'identifiers')), {0}::jsonb -> 'stages')))"""
MERGED_TOO = {**MERGED, "settings": "settings || {}", "bindings": NAMED_ANEW}
# What it searches, and how: another version of the retriever.
VERSIONED = ("collection_identifiers", "stages", "bindings")
RESOLVE = """
    SELECT i.identifier, c.collection_id FROM unnest($2::text[]) WITH ORDINALITY AS i (identifier, position),
    LATERAL (
      SELECT collection_id FROM collections
      WHERE namespace_id = $1 AND (collection_id = i.identifier OR collection_name = i.identifier
                                   OR 'col_' || collection_name = i.identifier)
      ORDER BY collection_id = i.identifier DESC, collection_name = i.identifier DESC LIMIT 1
    ) c ORDER BY i.position"""


async def insert_retriever(
    db: Executor,
    namespace_id: str,
    name: str,
    collection_identifiers: Sequence[str],
    stages: Sequence[dict[str, Any]],
    *,
    input_schema: dict[str, Any] | None = None,
    description: str | None = None,
    metadata: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    bindings: Bindings | None = None,
) -> asyncpg.Record:
    """The new retriever; AlreadyExistsError when the name is taken. What it names means what `bindings` say."""
    values = (list(collection_identifiers), list(stages), input_schema, metadata or {}, settings or {}, bindings or {})
    try:
        row = await db.fetchrow(INSERT, new_id("ret"), namespace_id, name, description, *values)
    except asyncpg.UniqueViolationError as error:
        raise taken("retriever", name) from error
    assert row is not None
    return row


async def update_retriever(
    pool: Pool, retriever_id: str, given: Mapping[str, Any], nulls: Mapping[str, None]
) -> asyncpg.Record:
    """The retriever after changing the columns that are not None, and emptying those of `nulls`.

    Other stages or collections make a new version.
    """
    columns = {name: value for name, value in given.items() if value is not None} | dict(nulls)
    named = {"identifiers": columns.get("collection_identifiers", []), "stages": columns.get("stages", [])}
    columns |= {"bindings": named} if any(named.values()) else {}
    async with pool.acquire() as connection, connection.transaction():
        try:
            change = await change_row(
                connection, "retrievers", "retriever_id", retriever_id, columns, merged=MERGED_TOO, versioned=VERSIONED
            )
        except asyncpg.UniqueViolationError as error:
            raise taken("retriever", str(columns.get("retriever_name"))) from error
    if change is None:
        raise NotFoundError.of("retriever", retriever_id)
    return change.row


async def resolve_collections(db: Executor, namespace_id: str, identifiers: Sequence[str]) -> dict[str, str]:
    """Identifier -> collection id, for those that exist."""
    rows = await db.fetch(RESOLVE, namespace_id, list(identifiers))
    return {row["identifier"]: row["collection_id"] for row in rows}


async def collections_of(db: Executor, retriever: asyncpg.Record) -> list[str]:
    """The ids of the collections that a retriever searches and that exist, in its order."""
    meant = [bound(retriever["bindings"], "collection", each) for each in retriever["collection_identifiers"]]
    known = await resolve_collections(db, retriever["namespace_id"], meant)
    return list(dict.fromkeys(known[identifier] for identifier in meant if identifier in known))
