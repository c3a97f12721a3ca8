"""Retrievers in the database."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from services.common.database.pool import Executor
from services.common.ids import new_id
from services.gateway.store.buckets import taken

INSERT = """
    INSERT INTO retrievers (retriever_id, namespace_id, retriever_name, description, collection_identifiers, stages,
                            input_schema, metadata, settings)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING *"""
UPDATE = """
    UPDATE retrievers SET retriever_name = coalesce($2, retriever_name), description = coalesce($3, description),
      collection_identifiers = coalesce($4, collection_identifiers), stages = coalesce($5, stages),
      input_schema = coalesce($6, input_schema), metadata = metadata || $7,
      settings = settings || $8, updated_at = now(),
      version = version + CASE WHEN $4::text[] IS NULL AND $5::jsonb IS NULL THEN 0 ELSE 1 END
    WHERE retriever_id = $1 RETURNING *"""
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
) -> asyncpg.Record:
    """The new retriever; AlreadyExistsError when the name is taken."""
    values = (list(collection_identifiers), list(stages), input_schema, metadata or {}, settings or {})
    try:
        row = await db.fetchrow(INSERT, new_id("ret"), namespace_id, name, description, *values)
    except asyncpg.UniqueViolationError as error:
        raise taken("retriever", name) from error
    assert row is not None
    return row


async def update_retriever(
    db: Executor,
    retriever_id: str,
    *,
    name: str | None,
    description: str | None,
    collection_identifiers: Sequence[str] | None,
    stages: Sequence[dict[str, Any]] | None,
    input_schema: dict[str, Any] | None,
    metadata: dict[str, Any] | None,
    settings: dict[str, Any],
) -> asyncpg.Record:
    """The retriever after changing what is given; stages or collections make a new version."""
    collections = None if collection_identifiers is None else list(collection_identifiers)
    changed = None if stages is None else list(stages)
    try:
        row = await db.fetchrow(
            UPDATE, retriever_id, name, description, collections, changed, input_schema, metadata or {}, settings
        )
    except asyncpg.UniqueViolationError as error:
        raise taken("retriever", str(name)) from error
    assert row is not None
    return row


async def resolve_collections(db: Executor, namespace_id: str, identifiers: Sequence[str]) -> dict[str, str]:
    """Identifier -> collection id, for those that exist."""
    rows = await db.fetch(RESOLVE, namespace_id, list(identifiers))
    return {row["identifier"]: row["collection_id"] for row in rows}
