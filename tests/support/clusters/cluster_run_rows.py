"""A cluster with a run as the worker leaves it, for what shows it."""

from dataclasses import dataclass

import numpy as np

from services.common.database.clusters.cluster_runs import start_run
from services.common.database.pool import Pool

X_AXIS = np.eye(4, dtype="<f4")


@dataclass(frozen=True, kw_only=True)
class Clustered:
    """A completed run of a cluster; documents are in `cl_0`, and one in `cl_1`."""

    cluster_id: str
    run_id: str


async def open_run(pool: Pool, cluster_id: str) -> str:
    """A run that nobody works on."""
    async with pool.acquire() as connection, connection.transaction():
        return (await start_run(connection, cluster_id)).run_id


async def completed_run(pool: Pool, cluster_id: str, document_ids: list[str], label: str = "Cluster 0") -> Clustered:
    """A run with two groups: the last document alone, the others together; a picture of two dimensions."""
    run_id = await open_run(pool, cluster_id)
    for number, ids in enumerate((document_ids[:-1], document_ids[-1:])):
        await pool.execute(
            """INSERT INTO cluster_groups (run_id, number, group_id, label, label_source, keywords, member_count,
                 centroids, place, representatives, mean_cosine, min_cosine)
               VALUES ($1, $2, $3, $4, 'number', '{soft}', $5, ARRAY[$6::bytea], '{0.5,1.5}',
                 (SELECT coalesce(jsonb_agg(jsonb_build_object('document_id', document_id,
                    'collection_id', collection_id)), '[]') FROM documents WHERE document_id = ANY($7)), 0.9, 0.8)""",
            *(run_id, number, f"cl_{number}", label if number == 0 else "Cluster 1", len(ids)),
            *(X_AXIS[number].tobytes(), ids),
        )
        await pool.execute(
            """INSERT INTO cluster_members (run_id, document_id, number, distance, x, y)
               SELECT $1, id, $2, 0.1, 0.5, 1.5 FROM unnest($3::text[]) AS id""",
            *(run_id, number, ids),
        )
    await pool.execute(
        """UPDATE cluster_runs SET status = 'completed', num_clusters = 2, num_points = $2, source_documents = $2,
             vectors_retrieved = $2, vectors_clustered = $2, feature_uris = ARRAY['uri'], started_at = now(),
             completed_at = now(), metrics = '{"silhouette_score": 0.5, "degenerate": false}' WHERE run_id = $1""",
        run_id,
        len(document_ids),
    )
    return Clustered(cluster_id=cluster_id, run_id=run_id)
