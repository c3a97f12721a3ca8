"""What labels collections, with all that it rests on, and how many documents it could not judge."""

from collections.abc import Sequence
from typing import Any

from services.common.database.pool import Executor

# `found` is what a retriever searches: the names that lead nowhere, those that led somewhere once, and the models.
FOUND = """
    LEFT JOIN retrievers r ON r.namespace_id = l.namespace_id AND r.retriever_id = run.retriever
    LEFT JOIN LATERAL (
      SELECT coalesce(array_agg(m.identifier) FILTER (WHERE c.collection_id IS NULL), ARRAY[]::text[]) AS missing,
        coalesce(array_agg(m.identifier) FILTER (WHERE m.id IS NOT NULL), ARRAY[]::text[]) AS bound,
        coalesce(array_agg(DISTINCT c.model) FILTER (WHERE c.model IS NOT NULL), ARRAY[]::text[]) AS models,
        min(c.label_threshold) AS label_threshold
      FROM (
        SELECT identifier, coalesce(r.bindings ->> ('collection/' || identifier), run.collection) AS id
        FROM unnest(CASE WHEN run.collection IS NULL THEN r.collection_identifiers ELSE ARRAY[run.collection] END)
          AS identifier
      ) AS m LEFT JOIN collections c ON c.collection_id = m.id
    ) AS found ON true"""
RUN = "LEFT JOIN LATERAL jsonb_to_recordset(l.runs) AS run (retriever text, collection text, node text) ON true"
COLUMNS = """l.taxonomy_id, l.taxonomy_name, l.inline, l.config, run.retriever AS named, run.node, r.retriever_id,
    r.retriever_name, r.stages, found.missing, found.bound, found.models"""
RUNS = f"""
    SELECT l.collection_id, l.model, l.suits AS label_threshold, {COLUMNS}
    FROM (
      SELECT x.*, t.taxonomy_name, s.namespace_id, s.model, s.label_threshold AS suits
      FROM labellers x JOIN collections s USING (collection_id) LEFT JOIN taxonomies t ON t.taxonomy_id = x.taxonomy_id
    ) AS l {RUN} {FOUND}
    WHERE {{where}} ORDER BY l.inline DESC, l.execution_phase, l.priority DESC, l.position"""  # noqa: S608
OF_COLLECTIONS = RUNS.format(where="l.collection_id = ANY($1)")
OF_RETRIEVER = RUNS.format(where="l.namespace_id = $2 AND run.retriever = $1")
OF_TAXONOMY = RUNS.format(where="l.taxonomy_id = $1")
UNAPPLIED = f"""
    SELECT NULL AS collection_id, found.models[1] AS model, found.label_threshold, {COLUMNS}
    FROM (SELECT *, false AS inline FROM taxonomies WHERE taxonomy_id = $1) AS l {RUN} {FOUND}"""  # noqa: S608
# What a taxonomy could not say of a field counts as long as nobody else has said anything of it.
NOT_JUDGED = """
    FROM documents d, LATERAL (
      SELECT d.taxonomy_match ->> 'reason' AS reason
      UNION
      SELECT entry ->> 'reason' FROM jsonb_array_elements(d.internal #> '{processing,not_judged}') AS entry
      JOIN labellers l ON l.collection_id = d.collection_id
        AND l.taxonomy_id IS NOT DISTINCT FROM entry ->> 'taxonomy_id'
      WHERE cardinality(l.label_fields) = 0 OR NOT d.labels ?& l.label_fields
    ) AS why
    WHERE d.collection_id = ANY($1) AND why.reason IS NOT NULL
      AND (d.taxonomy_match ? 'reason' OR d.internal #> '{processing,not_judged}' IS NOT NULL)"""
REASONS = f"""
    SELECT d.collection_id, why.reason, count(*) AS count {NOT_JUDGED}
    GROUP BY 1, 2 ORDER BY count DESC, reason"""

# Clusters that collections name and that are not there.
CLUSTERS = """
    SELECT c.collection_id, application ->> 'cluster_id' AS cluster_id FROM collections c,
      jsonb_array_elements(CASE WHEN jsonb_typeof(c.settings -> 'cluster_applications') = 'array'
                           THEN c.settings -> 'cluster_applications' ELSE '[]' END) AS application
    WHERE c.collection_id = ANY($1) AND NOT EXISTS (
      SELECT FROM clusters k WHERE k.namespace_id = c.namespace_id AND k.cluster_id = application ->> 'cluster_id')"""
# What a retriever names and what is gone since.
GONE = """
    SELECT split_part(key, '/', 1) AS kind, substr(key, strpos(key, '/') + 1) AS name, value AS id
    FROM retrievers, jsonb_each_text(bindings) WHERE retriever_id = $1
      AND is_bound_to_nothing(key, value) ORDER BY 1, 2"""

Rows = list[dict[str, Any]]


async def labelling_runs(db: Executor, collection_ids: Sequence[str]) -> Rows:
    """A row for each retriever that labels one of these collections, and for each labeller that needs none."""
    return [dict(row) for row in await db.fetch(OF_COLLECTIONS, list(collection_ids))]


async def runs_of_retriever(db: Executor, namespace_id: str, retriever_id: str) -> Rows:
    """The same for the collections that a retriever labels."""
    return [dict(row) for row in await db.fetch(OF_RETRIEVER, retriever_id, namespace_id)]


async def runs_of_taxonomy(db: Executor, taxonomy_id: str) -> Rows:
    """The same for the collections that a taxonomy labels; for one that labels none, without a collection."""
    rows = await db.fetch(OF_TAXONOMY, taxonomy_id) or await db.fetch(UNAPPLIED, taxonomy_id)
    return [dict(row) for row in rows]


async def reasons(db: Executor, collection_ids: Sequence[str]) -> Rows:
    """(collection_id, reason, count) of the documents that could not be judged, the most frequent first."""
    return [dict(row) for row in await db.fetch(REASONS, list(collection_ids))]


async def count_not_judged(db: Executor, collection_id: str) -> int:
    """How many documents could not be judged, for one reason or several."""
    return int(await db.fetchval(f"SELECT count(DISTINCT d.document_id) {NOT_JUDGED}", [collection_id]))


async def missing_clusters(db: Executor, collection_ids: Sequence[str]) -> Rows:
    """(collection_id, cluster_id) of the applications that wait for a cluster."""
    return [dict(row) for row in await db.fetch(CLUSTERS, list(collection_ids))]


async def deleted_dependencies(db: Executor, retriever_id: str) -> Rows:
    """(kind, name, id) of what a retriever names and that was deleted."""
    return [dict(row) for row in await db.fetch(GONE, retriever_id)]
