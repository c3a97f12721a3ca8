"""From events to runs that are due: documents came into a collection that clusters are applied to."""

from services.common.database.pool import Connection
from services.worker.kit.event_follower import Follower, Window

# What an application may say; a collection may hold settings that were written before they were checked.
APPLICATIONS = """
    jsonb_array_elements(CASE WHEN jsonb_typeof(c.settings -> 'cluster_applications') = 'array'
                         THEN c.settings -> 'cluster_applications' ELSE '[]' END) AS application"""
NAMED = "application ->> 'cluster_id' IN (k.cluster_id, k.cluster_name, 'clust_' || k.cluster_name)"
# Groups of attributes are made anew, since only vectors can be assigned.
MODE = """
    CASE WHEN application ->> 'execution_mode' = 'on_ingest'
         THEN CASE k.cluster_type WHEN 'attribute' THEN 'full' ELSE 'assign' END
         WHEN application ->> 'auto_execute_on_batch' = 'true' THEN 'full' END"""
DUE = f"""
    INSERT INTO cluster_runs_due (cluster_id, collection_id, mode)
    SELECT DISTINCT k.cluster_id, c.collection_id, {MODE}
    FROM (SELECT DISTINCT payload ->> 'collection_id' AS collection_id FROM events
          WHERE xid >= $1::text::xid8 AND xid < $2::text::xid8 AND event_type = 'document.created') AS changed
    JOIN collections c USING (collection_id) CROSS JOIN LATERAL {APPLICATIONS}
    JOIN clusters k ON k.namespace_id = c.namespace_id AND c.collection_id = ANY(k.collection_ids) AND {NAMED}
    WHERE {MODE} IS NOT NULL ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING"""  # noqa: S608


class DueRuns(Follower):
    """Follows the events for all applications of clusters."""

    name = "cluster applications"

    async def take(self, connection: Connection, window: Window) -> None:
        """Notes the runs that are due."""
        await connection.execute(DUE, window.start, window.end)
