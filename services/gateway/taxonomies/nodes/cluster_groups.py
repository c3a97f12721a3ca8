"""The groups of a cluster run, as those see them who make nodes of them."""

from dataclasses import dataclass

import asyncpg

from services.common.database.find_resources import get_row
from services.common.database.pool import Executor
from services.common.errors import InvalidArgumentError, NotFoundError
from services.gateway.taxonomies.nodes.shapes import ClusterRun

PATH = "body.cluster_run"
RUN = """
    SELECT r.run_id, r.status, r.cluster_id, r.base_run_id, b.feature_uris, b.models, k.collection_ids
    FROM cluster_runs r JOIN cluster_runs b ON b.run_id = r.base_run_id JOIN clusters k ON k.cluster_id = r.cluster_id
    WHERE r.run_id = $1 AND r.cluster_id = $2"""
# Groups whose members are those of other groups have none of their own.
GROUPS = """
    SELECT g.group_id, g.number, g.member_count, g.centroids, g.representatives, g.summary, g.keywords,
           coalesce(r.label_overrides ->> g.group_id, g.label, 'Cluster ' || g.number) AS label
    FROM cluster_groups g JOIN cluster_runs r USING (run_id)
    WHERE g.run_id = $1 AND g.number >= 0 AND g.member_count > 0
      AND ($3::text[] IS NULL OR g.group_id = ANY($3))
      AND NOT EXISTS (SELECT FROM cluster_groups child WHERE child.run_id = g.run_id AND child.parent = g.number)
    ORDER BY g.number LIMIT $2"""
VECTORS = """
    SELECT collection_id FROM collections
    WHERE collection_id = ANY($1) AND feature_uri = $2 AND model = $3 ORDER BY array_position($1, collection_id)"""


@dataclass(frozen=True, kw_only=True)
class PromotedRun:
    """A completed run with its groups; `models` is feature URI -> model, in the order of the groups' centroids."""

    cluster_id: str
    run_id: str
    feature_uris: tuple[str, ...]
    models: dict[str, str]
    collection_ids: tuple[str, ...]
    groups: tuple[asyncpg.Record, ...]


async def read_groups(db: Executor, namespace_id: str, source: ClusterRun, most: int) -> PromotedRun:
    """The run with all its groups, or those named.

    NotFoundError for an unknown cluster, run or group; InvalidArgumentError for a run without groups, or with too many.
    """
    found = await get_row(db, "cluster", namespace_id, source.cluster_id)
    row = await db.fetchrow(RUN, source.run_id, found["cluster_id"])
    if row is None:
        raise NotFoundError.of("cluster run", source.run_id)
    if row["status"] != "completed":
        raise _refused(f"{PATH}.run_id: the run is {row['status']}; only a completed run has groups.")
    groups = await db.fetch(GROUPS, row["base_run_id"], most + 1, source.group_ids)
    known = {group["group_id"] for group in groups}
    if missing := [each for each in source.group_ids or () if each not in known]:
        raise NotFoundError.of("group", missing[0])
    if not groups:
        raise _refused(f"{PATH}.run_id: the run found no groups; there is nothing to make nodes of.")
    if len(groups) > most:
        raise _refused(f"{PATH}.run_id: the run has more than {most} groups; name some in {PATH}.group_ids.")
    return PromotedRun(
        cluster_id=row["cluster_id"],
        run_id=row["run_id"],
        feature_uris=tuple(row["feature_uris"]),
        models=row["models"],
        collection_ids=tuple(row["collection_ids"]),
        groups=tuple(groups),
    )


async def collection_with(db: Executor, run: PromotedRun, feature_uri: str) -> str | None:
    """The first of the run's collections whose own slot this is, filled by the run's model."""
    model = run.models.get(feature_uri)
    found: str | None = await db.fetchval(VECTORS, list(run.collection_ids), feature_uri, model)
    return found


def _refused(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(message, path=f"{PATH}.run_id")
