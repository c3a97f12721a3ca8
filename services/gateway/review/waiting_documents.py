"""What waits for a person in a collection: SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.database.pool import Connection, Executor
from services.common.ids import new_id
from services.gateway.kit.affected import WAITS

WINDOW = 1200
"""Documents that are put into groups together; time and memory grow with its square."""
MOST_COUNTED = 10_000
IS_EMPTY = """NOT is_label(field_value(d.fields, $2)) AND d.labels #>> ARRAY[$2, 'source'] IS DISTINCT FROM 'human'"""
UNMARKED = "NOT EXISTS (SELECT FROM review_marks m WHERE m.document_id = d.document_id AND m.field = $2)"
UNSURE = f"""d.labels #>> ARRAY[$2, 'source'] = 'auto' AND (d.labels #>> ARRAY[$2, 'score'])::float8 < $3 AND {UNMARKED}
    AND NOT EXISTS (
      SELECT FROM annotations a WHERE a.document_id = d.document_id AND a.deleted_at IS NULL AND a.verdict IS NOT NULL
        AND a.judged ->> 'field' = $2 AND a.judged ->> 'value' = d.labels #>> ARRAY[$2, 'value'])"""
# $2 the field, $3 the score under which a machine is unsure, $4 the label
KINDS = {
    "unlabelled": f"{IS_EMPTY} AND {UNMARKED}",
    # The index `documents_in_review` is on this condition, which is about the first label field.
    "first": f"{WAITS} AND {IS_EMPTY} AND {UNMARKED}",
    "unsure": UNSURE,
    "wrong": """EXISTS (
      SELECT FROM stale_labels s WHERE s.document_id = d.document_id AND s.field = $2 AND s.rejected)
      AND NOT EXISTS (SELECT FROM review_marks m WHERE m.document_id = d.document_id AND m.field = $2)""",
    "ignored": """EXISTS (
      SELECT FROM review_marks m WHERE m.document_id = d.document_id AND m.field = $2 AND m.mark = 'ignored')""",
    "labelled": "field_value(d.fields, $2) = to_jsonb($4::text)",
    # Equality of a field at the root has an index.
    "labelled at the root": "d.fields @> jsonb_build_object($2::text, $4::text)",
}
# A statement must use each parameter.
HERE = "d.collection_id = $1 AND ($2::text IS NULL OR $3::float8 IS NULL OR $4::text IS NULL OR true)"
COUNT = f"SELECT count(*) FROM (SELECT FROM documents d WHERE {HERE} AND {{where}} LIMIT $5) found"  # noqa: S608
SAMPLE = f"""
    SELECT d.document_id, e.vector FROM (
      SELECT d.document_id FROM documents d WHERE {HERE} AND {{where}} AND d.document_id > $5
      ORDER BY d.document_id LIMIT $6) d
    LEFT JOIN embeddings e ON e.document_id = d.document_id AND e.feature_uri = $7 ORDER BY d.document_id"""  # noqa: S608
STILL = f"""
    SELECT d.*, review_version(d, $2) AS version FROM documents d
    WHERE {HERE} AND d.document_id = ANY($5) AND {{where}}"""  # noqa: S608
NAMED = """
    SELECT d.*, review_version(d, $2) AS version FROM documents d
    WHERE d.collection_id = $1 AND d.document_id = ANY($3)"""
FORGET = "DELETE FROM review_windows WHERE created_at < now() - interval '1 day'"
KEEP = """
    INSERT INTO review_windows (window_id, collection_id, field, kind, groups, last_document_id)
    VALUES ($1, $2, $3, $4, $5, $6)"""


@dataclass(frozen=True, kw_only=True)
class Queue:
    """What waits: in which collection, for which field, in which way."""

    collection_id: str
    field: str
    kind: str
    low: float
    label: str
    is_first: bool

    def sql(self, template: str) -> str:
        """The statement for this kind."""
        kind = self.kind
        if kind == "unlabelled" and self.is_first:
            kind = "first"
        elif kind == "labelled" and "." not in self.field:
            kind = "labelled at the root"
        return template.format(where=KINDS[kind])

    @property
    def values(self) -> tuple[str, str, float, str]:
        """The first four parameters of each statement."""
        return self.collection_id, self.field, self.low, self.label


async def count(db: Executor, queue: Queue) -> tuple[int, bool]:
    """How many wait, up to a limit, and whether there are more."""
    found = int(await db.fetchval(queue.sql(COUNT), *queue.values, MOST_COUNTED + 1))
    return min(found, MOST_COUNTED), found > MOST_COUNTED


async def sample(db: Executor, queue: Queue, feature_uri: str | None, after: str) -> list[asyncpg.Record]:
    """Up to WINDOW documents that wait, after this id, with their vectors where they have one.

    Ids are digests, so what comes first is a fair sample of all.
    """
    return await db.fetch(queue.sql(SAMPLE), *queue.values, after, WINDOW, feature_uri)


async def still_waiting(db: Executor, queue: Queue, document_ids: Sequence[str]) -> dict[str, asyncpg.Record]:
    """Document id -> its row with `version`, for those of these that wait now."""
    rows = await db.fetch(queue.sql(STILL), *queue.values, list(document_ids))
    return {row["document_id"]: row for row in rows}


async def named(db: Executor, queue: Queue, document_ids: Sequence[str]) -> list[asyncpg.Record]:
    """The rows of these documents with `version`, whatever they wait for, in this order."""
    rows = {row["document_id"]: row for row in await db.fetch(NAMED, *queue.values[:2], list(document_ids))}
    return [rows[key] for key in dict.fromkeys(document_ids) if key in rows]


async def keep_window(db: Connection, queue: Queue, groups: list[Any], last: str | None) -> str:
    """Keeps groups for the pages to come; `last` is where the next window begins, None at the end."""
    window_id = new_id("rvw", 16)
    await db.execute(FORGET)
    await db.execute(KEEP, window_id, queue.collection_id, queue.field, queue.kind, groups, last)
    return window_id


async def find_window(db: Executor, queue: Queue, window_id: str) -> asyncpg.Record | None:
    """A window of this queue; None when it is not there any more."""
    return await db.fetchrow(
        "SELECT * FROM review_windows WHERE window_id = $1 AND collection_id = $2 AND field = $3 AND kind = $4",
        window_id,
        *queue.values[:2],
        queue.kind,
    )
