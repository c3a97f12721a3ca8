"""What is the same for all documents that a run enriches."""

from dataclasses import dataclass
from datetime import UTC, datetime

from services.common.database.clusters.cluster_runs import FULL, OPEN
from services.common.database.pool import Executor
from services.worker.clusters.enrichment.enriched_document import LABEL, FieldMapping, Written, mappings_of

CLUSTER = """
    SELECT c.cluster_id, c.collection_ids, c.enrich_source_collection, c.source_enrichment_config, c.metadata
    FROM clusters c JOIN cluster_runs r USING (cluster_id) WHERE r.run_id = $1"""
LATER = """
    SELECT later.status FROM cluster_runs run JOIN cluster_runs later
      ON later.cluster_id = run.cluster_id AND later.row_key >= run.row_key AND later.mode = $2
    WHERE run.run_id = $1 AND (later.status = ANY($3) OR later.status = 'completed' AND later.run_id <> run.run_id)
    ORDER BY later.status = 'completed' DESC LIMIT 1"""


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """A run that holds groups and members, and what of it goes where."""

    run_id: str
    collection_ids: tuple[str, ...]
    metadata: dict[str, object]
    mappings: tuple[FieldMapping, ...]
    written: Written

    @property
    def label_fields(self) -> frozenset[str]:
        """The fields of documents that get the label of their group."""
        return frozenset(each.target for each in self.mappings if each.source == LABEL)


async def read_run_context(db: Executor, run_id: str) -> RunContext | None:
    """None for a run that is gone, or of a cluster that does not enrich documents."""
    row = await db.fetchrow(CLUSTER, run_id)
    if row is None or not row["enrich_source_collection"]:
        return None
    return RunContext(
        run_id=run_id,
        collection_ids=tuple(row["collection_ids"]),
        metadata=row["metadata"],
        mappings=mappings_of(row["source_enrichment_config"]),
        written=Written(cluster_id=row["cluster_id"], run_id=run_id, now=datetime.now(UTC).isoformat()),
    )


async def later_run(db: Executor, run_id: str) -> str | None:
    """The status of a later run that has made groups, or of one that is about to; None when this one is the last."""
    status: str | None = await db.fetchval(LATER, run_id, FULL, list(OPEN))
    return status
