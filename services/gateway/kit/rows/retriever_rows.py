"""Storing a retriever: one that is asked for, or that of a collection's inline taxonomy."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from services.common.database.pool import Executor
from services.common.ids import Bindings, new_id
from services.gateway.kit.rows.resource_names import name_taken

INSERT = """
    INSERT INTO retrievers (retriever_id, namespace_id, retriever_name, description, collection_identifiers, stages,
                            input_schema, metadata, settings, bindings)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING *"""


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
        raise name_taken("retriever", name) from error
    assert row is not None
    return row
