"""Who rests on a resource: what its deletion, or its change, does to others."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.common.database.pool import Executor
from services.gateway.kit.shapes import Degraded

LABELLED = """
    SELECT 'collection' AS kind, c.collection_id AS id, c.collection_name AS name
    FROM labellers l JOIN collections c USING (collection_id) WHERE c.namespace_id = $1 AND l.runs @> {runs}"""
NATIVE = """
    SELECT 'taxonomy', taxonomy_id, taxonomy_name FROM taxonomies
    WHERE namespace_id = $1 AND collection_id IS NULL AND runs @> {runs}"""
TRIGGERED = """
    SELECT 'trigger', trigger_id, coalesce(name, trigger_id) FROM triggers
    WHERE namespace_id = $1 AND resource_id = $2 AND of_collection_id IS NULL"""
BOUND = """
    SELECT 'retriever', retriever_id, retriever_name FROM retrievers
    WHERE namespace_id = $1 AND metadata ->> 'made_for_collection' IS DISTINCT FROM $2
      AND EXISTS (SELECT FROM jsonb_each_text(bindings) AS b WHERE b.value = $2)"""
OF_RETRIEVER = "jsonb_build_array(jsonb_build_object('retriever', $2::text))"
OF_COLLECTION = "jsonb_build_array(jsonb_build_object('collection', $2::text))"
QUERIES: Mapping[str, Sequence[str]] = {
    "retriever": (
        LABELLED.format(runs=OF_RETRIEVER),
        NATIVE.format(runs=OF_RETRIEVER),
        "SELECT 'alert', alert_id, alert_name FROM alerts WHERE namespace_id = $1 AND retriever_id = $2",
        TRIGGERED,
    ),
    "collection": (
        f"{LABELLED.format(runs=OF_COLLECTION)} AND c.collection_id <> $2",
        NATIVE.format(runs=OF_COLLECTION),
        BOUND,
        """SELECT 'cluster', cluster_id, cluster_name FROM clusters
           WHERE namespace_id = $1 AND collection_ids @> ARRAY[$2]""",
        """SELECT 'collection', collection_id, collection_name FROM collections
           WHERE namespace_id = $1 AND source_collection_ids @> ARRAY[$2]""",
    ),
    "taxonomy": (
        """SELECT 'collection', c.collection_id, c.collection_name FROM labellers l JOIN collections c
             USING (collection_id) WHERE c.namespace_id = $1 AND l.taxonomy_id = $2""",
        BOUND,
        TRIGGERED,
    ),
    "cluster": (
        """SELECT 'collection' AS kind, collection_id AS id, collection_name AS name FROM collections
           WHERE namespace_id = $1
             AND settings -> 'cluster_applications' @> jsonb_build_array(jsonb_build_object('cluster_id', $2::text))""",
        TRIGGERED,
    ),
    "bucket": (
        """SELECT 'collection', collection_id, collection_name FROM collections
           WHERE namespace_id = $1 AND bucket_ids @> ARRAY[$2]""",
    ),
}


async def dependents_of(db: Executor, namespace_id: str, kind: str, identity: str, name: str) -> list[Degraded]:
    """A warning for each resource that cannot do without this one; asked before it is deleted."""
    rows = await db.fetch(" UNION ".join(QUERIES[kind]) + " ORDER BY 1, 3", namespace_id, identity)
    return [_bereft(row[0], row[1], row[2], kind, name) for row in rows]


def _bereft(kind: str, identity: str, name: str, of: str, gone: str) -> Degraded:
    return Degraded(
        resource=kind,
        id=identity,
        reason=f"The {kind} '{name}' rests on the {of} '{gone}', which was deleted.",
        next_step=f"Name another {of} in it, or delete it too; a new {of} of the old name is not taken for it.",
    )


def deleted_dependency_warnings(rows: Sequence[Mapping[str, Any]]) -> list[Degraded]:
    """A warning for each thing that a retriever names and that was deleted."""
    return [
        Degraded(
            resource=row["kind"],
            id=row["id"],
            reason=f"The {row['kind']} '{row['name']}' that this retriever names was deleted: it cannot run.",
            next_step=f"Name another {row['kind']} with PATCH; a new one of the old name counts once it is named anew.",
        )
        for row in rows
    ]
