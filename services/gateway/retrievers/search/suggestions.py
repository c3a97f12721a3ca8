"""What somebody who has typed a few letters may mean: values of documents, collections, earlier searches."""

from collections.abc import Sequence

import asyncpg

from services.common.database.bounded_reads import bounded
from services.common.database.pool import Pool

LOOKED_AT = 5000
LONGEST = 200
VALUES = r"""
    SELECT f.key AS field, f.value, count(*) AS count
    FROM (SELECT fields FROM documents WHERE namespace_id = $1 ORDER BY row_key DESC LIMIT $5) d, LATERAL (
      SELECT key, value
      FROM jsonb_each_text(CASE jsonb_typeof(d.fields -> 'metadata') WHEN 'object'
                           THEN d.fields || (d.fields -> 'metadata') ELSE d.fields END - 'metadata')
      WHERE $3::text[] IS NULL
      UNION ALL
      SELECT name, e.item #>> '{}'
      FROM unnest($3) AS name, regexp_replace(name, '^metadata\.', '') AS own,
        coalesce(field_value(d.fields, own), field_value(d.fields, 'metadata.' || own)) AS found,
        jsonb_path_query(found, '$[*]') AS e (item)
    ) AS f (key, value)
    WHERE f.value ILIKE $2 AND length(f.value) <= $6
    GROUP BY f.key, f.value ORDER BY count(*) DESC, f.value, f.key LIMIT $4"""
COLLECTIONS = """
    SELECT collection_id, collection_name FROM collections WHERE namespace_id = $1 AND collection_name ILIKE $2
    ORDER BY collection_name LIMIT $3"""
RECENT = """
    SELECT query_summary FROM (SELECT query_summary, max(row_key) AS latest FROM retriever_executions
      WHERE namespace_id = $1 AND query_summary ILIKE $2 GROUP BY query_summary) x ORDER BY latest DESC LIMIT $3"""


async def values_like(
    pool: Pool, namespace_id: str, pattern: str, fields: Sequence[str] | None, limit: int
) -> list[asyncpg.Record]:
    """(field, value, count) among the newest 5,000 documents, most frequent first."""
    named = None if fields is None else list(fields)
    async with bounded(pool, "query.q") as connection:
        return await connection.fetch(VALUES, namespace_id, pattern, named, limit, LOOKED_AT, LONGEST)


async def collections_like(pool: Pool, namespace_id: str, pattern: str, limit: int) -> list[asyncpg.Record]:
    """Collections by name."""
    return await pool.fetch(COLLECTIONS, namespace_id, pattern, limit)


async def searches_like(pool: Pool, namespace_id: str, pattern: str, limit: int) -> list[str]:
    """What was asked for before, the newest first."""
    return [row["query_summary"] for row in await pool.fetch(RECENT, namespace_id, pattern, limit)]
