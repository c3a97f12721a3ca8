"""What machines have labelled, and what people found of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.database.pool import Connection
from services.gateway.kit.analytics import Period

# $1 namespace, $2 taxonomy or null, $3 collection or null, $4 and $5 the period or null
ASSIGNED = """
    WITH assigned AS (
      SELECT d.document_id, l.value ->> 'value' AS label, (l.value ->> 'score')::float8 AS score,
             (l.value ->> 'set_at')::timestamptz AS set_at
      FROM documents d CROSS JOIN LATERAL jsonb_each(d.labels) AS l (field, value)
      WHERE d.namespace_id = $1 AND l.value ->> 'source' = 'auto'
        AND ($2::text IS NULL OR l.value ->> 'taxonomy_id' = $2) AND ($3::text IS NULL OR d.collection_id = $3)
        AND ($4::timestamptz IS NULL OR (l.value ->> 'set_at')::timestamptz >= $4)
        AND ($5::timestamptz IS NULL OR (l.value ->> 'set_at')::timestamptz < $5))"""
BY_LABEL = f"""{ASSIGNED}
    SELECT label, count(*) AS count, coalesce(avg(score), 0) AS score,
           count(*) OVER () AS labels, sum(count(*)) OVER ()::bigint AS total
    FROM assigned GROUP BY label ORDER BY count DESC, label LIMIT $6"""  # noqa: S608
# Those that the taxonomy was last asked about and found nothing for, and that nobody else has labelled.
BY_SCORE = f"""{ASSIGNED}, unmatched AS (
      SELECT coalesce(t ->> 'score', t ->> 'confidence')::float8 AS score
      FROM documents d CROSS JOIN LATERAL (
        SELECT t FROM (
          SELECT t FROM jsonb_path_query(d.internal, '$.processing.taxonomy_lineage[*]') AS t
          UNION ALL SELECT d.internal #> '{{processing,history,-1,taxonomy}}'
        ) AS asked (t) WHERE t ->> 'taxonomy_id' = $2 LIMIT 1
      ) AS last (t)
      WHERE d.namespace_id = $1 AND NOT (t ->> 'matched')::boolean
        AND NOT jsonb_path_exists(d.internal, '$.processing.not_judged[*] ? (@.taxonomy_id == $id)',
                                  jsonb_build_object('id', $2::text))
        AND NOT EXISTS (
          SELECT FROM taxonomies x, unnest(x.label_fields) AS f (field)
          WHERE x.taxonomy_id = $2 AND d.labels #>> ARRAY[f.field, 'source'] IN ('human', 'import'))
        AND ($4::timestamptz IS NULL OR (d.internal #>> '{{processing,history,-1,at}}')::timestamptz >= $4)
        AND ($5::timestamptz IS NULL OR (d.internal #>> '{{processing,history,-1,at}}')::timestamptz < $5)
    ), judged AS (
      SELECT score, true AS matched FROM assigned UNION ALL SELECT score, false FROM unmatched
    )
    SELECT greatest(least(floor(score * 10), 9), 0)::int AS tenth, count(*) AS count, sum(score) AS sum,
           count(*) FILTER (WHERE score < $6) AS low, count(*) FILTER (WHERE matched) AS matched
    FROM judged WHERE score IS NOT NULL GROUP BY tenth ORDER BY tenth"""  # noqa: S608
BY_TIME = f"""{ASSIGNED}
    SELECT date_trunc($6, set_at, 'UTC') AS bucket, count(*) AS count, coalesce(avg(score), 0) AS score,
           count(DISTINCT label) AS labels
    FROM assigned GROUP BY bucket ORDER BY bucket"""  # noqa: S608
# The history of a document names the first taxonomy that was asked, its lineage all of the last run.
ENRICHED = """
    SELECT date_trunc($5, (h ->> 'at')::timestamptz, 'UTC') AS bucket, count(*) AS count,
           count(*) FILTER (WHERE (t ->> 'matched')::boolean) AS matched,
           coalesce(avg((h ->> 'duration_ms')::float8), 0) AS latency
    FROM documents d
    CROSS JOIN LATERAL (
      SELECT h, h -> 'taxonomy' FROM jsonb_path_query(d.internal, '$.processing.history[*]') AS h
      UNION ALL
      SELECT d.internal #> '{processing,history,-1}', t
      FROM jsonb_path_query(d.internal, '$.processing.taxonomy_lineage[*]') AS t
      WHERE t ->> 'taxonomy_id' IS DISTINCT FROM d.internal #>> '{processing,history,-1,taxonomy,taxonomy_id}'
    ) AS asked (h, t)
    WHERE d.namespace_id = $1 AND t ->> 'taxonomy_id' = $2
      AND (h ->> 'at')::timestamptz >= $3 AND (h ->> 'at')::timestamptz < $4
    GROUP BY bucket ORDER BY bucket"""
# An annotation checks a machine's label, and so does a person who sets the label anew, to the same or to another.
# Of several checks of one label the newest that decides counts. Entries of before `judged` was kept have the machine's
# label as a proposal that is older than what the person said.
CHECKED = """
    WITH said AS (
      SELECT document_id, judged, verdict, updated_at AS said_at FROM annotations
      WHERE namespace_id = $1 AND deleted_at IS NULL AND judged IS NOT NULL
        AND ($3::text IS NULL OR collection_id = $3)
      UNION ALL
      SELECT d.document_id, l.judged || jsonb_build_object('field', l.field),
             CASE WHEN l.entry -> 'value' = l.judged -> 'value' THEN 'correct' ELSE 'incorrect' END,
             (l.entry ->> 'set_at')::timestamptz
      FROM documents d CROSS JOIN LATERAL (
        SELECT each.key, each.value, coalesce(each.value -> 'judged',
          CASE WHEN each.value #>> '{proposal,set_at}' < each.value ->> 'set_at' THEN each.value -> 'proposal' END)
        FROM jsonb_each(d.labels) AS each
      ) AS l (field, entry, judged)
      WHERE d.namespace_id = $1 AND l.entry ->> 'source' = 'human' AND l.judged ->> 'value' IS NOT NULL
        AND ($3::text IS NULL OR d.collection_id = $3)
    ), newest AS (
      SELECT DISTINCT ON (document_id, judged ->> 'field', judged ->> 'value') judged ->> 'value' AS label, verdict
      FROM said
      WHERE ($2::text IS NULL OR judged ->> 'taxonomy_id' = $2)
        AND ($4::timestamptz IS NULL OR said_at >= $4) AND ($5::timestamptz IS NULL OR said_at < $5)
      ORDER BY document_id, judged ->> 'field', judged ->> 'value', verdict IS NULL, said_at DESC)
    SELECT label, count(*) FILTER (WHERE verdict = 'correct') AS correct,
           count(*) FILTER (WHERE verdict = 'incorrect') AS incorrect, count(*) FILTER (WHERE verdict IS NULL) AS open
    FROM newest GROUP BY label ORDER BY count(verdict) DESC, label"""


@dataclass(frozen=True, kw_only=True)
class About:
    """What an analysis is about: a namespace, and in it a taxonomy or a collection, at any time or in a period."""

    namespace_id: str
    taxonomy_id: str | None = None
    collection_id: str | None = None
    period: Period | None = None

    @property
    def values(self) -> tuple[Any, ...]:
        """$1 to $5."""
        start, end = (self.period.start, self.period.end) if self.period else (None, None)
        return self.namespace_id, self.taxonomy_id, self.collection_id, start, end


async def by_label(connection: Connection, about: About, limit: int) -> Sequence[asyncpg.Record]:
    """(label, count, score, labels, total), most frequent first; the last two are of all labels."""
    return await connection.fetch(BY_LABEL, *about.values, limit)


async def by_score(connection: Connection, about: About, low: float) -> Sequence[asyncpg.Record]:
    """(tenth, count, sum, low, matched) of each tenth of the scores that has any."""
    return await connection.fetch(BY_SCORE, *about.values, low)


async def by_time(connection: Connection, about: About, unit: str) -> Sequence[asyncpg.Record]:
    """(bucket, count, score, labels) of each time bucket that has any."""
    return await connection.fetch(BY_TIME, *about.values, unit)


async def enriched(connection: Connection, about: About, period: Period) -> Sequence[asyncpg.Record]:
    """(bucket, count, matched, latency) of what the taxonomy was asked."""
    return await connection.fetch(
        ENRICHED, about.namespace_id, about.taxonomy_id, period.start, period.end, period.unit
    )


async def checked(connection: Connection, about: About) -> Sequence[asyncpg.Record]:
    """(label, correct, incorrect, open): how many documents people have checked, by the machine's label."""
    return await connection.fetch(CHECKED, *about.values)
