"""Retrievers in the database."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from services.common.database.pool import Executor, Pool
from services.common.errors import NotFoundError
from services.common.filters.tables import Column, Kind, Table
from services.common.ids import bound_name
from services.gateway.kit.lists.page_sql import Listing
from services.gateway.kit.lists.tables import AGE, CREATED, NAME_SEARCH, UPDATED
from services.gateway.kit.rows.change_row import MERGED, change_row
from services.gateway.kit.rows.resource_names import name_taken

RETRIEVERS = Table(
    alias="r",
    columns={
        "retriever_id": Column("retriever_id"),
        "retriever_name": Column("retriever_name"),
        "description": Column("description"),
        "collection_identifiers": Column("collection_identifiers", Kind.OTHER),
        "collection_ids": Column("collection_identifiers", Kind.OTHER),
        "version": Column("version", Kind.OTHER),
        "created_at": CREATED,
        "updated_at": UPDATED,
    },
    prefixes={("stages",): "stages", ("input_schema",): "input_schema"},
    fields="metadata",
)
LIST_RETRIEVERS = Listing(
    table=RETRIEVERS,
    source="retrievers r",
    columns="r.*",
    key=AGE.format(alias="r") + " || r.retriever_id)",
    key_type="text",
)
SEARCH_RETRIEVERS = NAME_SEARCH.format(name="r.retriever_name", alias="r")

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
            raise name_taken("retriever", str(columns.get("retriever_name"))) from error
    if change is None:
        raise NotFoundError.of("retriever", retriever_id)
    return change.row


async def resolve_collections(db: Executor, namespace_id: str, identifiers: Sequence[str]) -> dict[str, str]:
    """Identifier -> collection id, for those that exist."""
    rows = await db.fetch(RESOLVE, namespace_id, list(identifiers))
    return {row["identifier"]: row["collection_id"] for row in rows}


async def collections_of(db: Executor, retriever: asyncpg.Record) -> list[str]:
    """The ids of the collections that a retriever searches and that exist, in its order."""
    meant = [bound_name(retriever["bindings"], "collection", each) for each in retriever["collection_identifiers"]]
    known = await resolve_collections(db, retriever["namespace_id"], meant)
    return list(dict.fromkeys(known[identifier] for identifier in meant if identifier in known))
