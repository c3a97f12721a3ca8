"""Finding annotations, as they stand or as they stood."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import asyncpg

from services.common.database.pool import Executor
from services.gateway.annotations.history import at_time
from services.gateway.annotations.store import revisions_of

JsonObject = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which annotations to list; an absent value means any."""

    document_id: str | None = None
    collection_id: str | None = None
    label: str | None = None
    actor_id: str | None = None
    retriever_id: str | None = None
    as_of: datetime | None = None


LISTED = """
    FROM annotations WHERE namespace_id = $1 AND ($2::text IS NULL OR document_id = $2)
      AND ($3::text IS NULL OR collection_id = $3) AND ($4::text IS NULL OR label = $4)
      AND ($5::text IS NULL OR actor_id = $5) AND ($6::text IS NULL OR retriever_id = $6)
      AND CASE WHEN $7::timestamptz IS NULL THEN deleted_at IS NULL
               ELSE created_at <= $7 AND (deleted_at IS NULL OR deleted_at > $7) END"""


async def list_annotations(
    db: Executor, namespace_id: str, wanted: Wanted, skip: int, limit: int
) -> tuple[list[JsonObject], int]:
    """A page of annotations with their revisions, the oldest first, and the number of all."""
    if wanted.as_of is not None:
        found = await _as_of(db, namespace_id, wanted, _aware(wanted.as_of))
        return found[skip : skip + limit], len(found)
    values = _values(namespace_id, wanted)
    total = int(await db.fetchval(f"SELECT count(*) {LISTED}", *values))
    rows = await db.fetch(f"SELECT * {LISTED} ORDER BY row_key OFFSET $8 LIMIT $9", *values, skip, limit)
    return await with_revisions(db, rows), total


async def _as_of(db: Executor, namespace_id: str, wanted: Wanted, moment: datetime) -> list[JsonObject]:
    """The annotations that stood at that time and had the label then."""
    values = _values(namespace_id, replace(wanted, label=None, as_of=moment))
    rows = await with_revisions(db, await db.fetch(f"SELECT * {LISTED} ORDER BY row_key", *values))
    stood = [at_time(row, row["revisions"], moment) for row in rows]
    return [row for row in stood if wanted.label in (None, row["label"])]


async def with_revisions(db: Executor, rows: Sequence[asyncpg.Record]) -> list[JsonObject]:
    """The rows, each with its revisions."""
    revisions = await revisions_of(db, [row["annotation_id"] for row in rows])
    return [{**dict(row), "revisions": revisions[row["annotation_id"]]} for row in rows]


def _values(namespace_id: str, wanted: Wanted) -> list[object]:
    return [namespace_id, *(getattr(wanted, name) for name in Wanted.__dataclass_fields__)]


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def count_labels(
    db: Executor, namespace_id: str, document_id: str | None, collection_id: str | None
) -> dict[str, int]:
    """Label -> number of annotations, most frequent first."""
    rows = await db.fetch(
        """SELECT label, count(*) AS count FROM annotations
           WHERE namespace_id = $1 AND deleted_at IS NULL AND ($2::text IS NULL OR document_id = $2)
             AND ($3::text IS NULL OR collection_id = $3)
           GROUP BY label ORDER BY count DESC, label""",
        namespace_id,
        document_id,
        collection_id,
    )
    return {row["label"]: row["count"] for row in rows}
