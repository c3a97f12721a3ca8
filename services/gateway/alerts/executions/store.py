"""What came of looking at alerts, in the database."""

import asyncpg

from services.common.database.pool import Executor
from services.common.filters.tables import Column, Kind, Table
from services.gateway.kit.lists.page_sql import Listing

EXECUTIONS = Table(
    alias="x",
    columns={
        "execution_id": Column("execution_id"),
        "alert_id": Column("alert_id"),
        "collection_id": Column("collection_id"),
        "triggered": Column("triggered", Kind.OTHER),
        "fired": Column("fired", Kind.OTHER),
        "match_count": Column("match_count", Kind.OTHER),
        "duration_ms": Column("duration_ms", Kind.OTHER),
        "error": Column("error"),
        "executed_at": Column("executed_at", Kind.TIME),
        "created_at": Column("executed_at", Kind.TIME),
    },
    prefixes={("details",): "details"},
    fields="details",
)
# A delivery outlives neither its alert nor the days for which deliveries are kept.
DELIVERIES = """(
    SELECT jsonb_agg(jsonb_build_object('channel_type', d.channel_type, 'status', d.status, 'error', d.error)
                     ORDER BY d.channel)
    FROM deliveries d WHERE d.execution_id = x.execution_id) AS deliveries"""
LIST_EXECUTIONS = Listing(table=EXECUTIONS, source="alert_executions x", columns=f"x.*, {DELIVERIES}", key="-x.row_key")
SEARCH_EXECUTIONS = "x.execution_id ILIKE {pattern} OR coalesce(x.error, '') ILIKE {pattern}"
ONE = f"SELECT x.*, {DELIVERIES} FROM alert_executions x WHERE x.namespace_id = $1 AND x.execution_id = $2"  # noqa: S608
LATEST = f"""SELECT x.*, {DELIVERIES} FROM alert_executions x WHERE x.alert_id = $1
    ORDER BY x.row_key DESC LIMIT 1"""  # noqa: S608


async def find_execution(db: Executor, namespace_id: str, execution_id: str) -> asyncpg.Record | None:
    """One execution of any alert of the namespace."""
    return await db.fetchrow(ONE, namespace_id, execution_id)


async def latest_execution(db: Executor, alert_id: str) -> asyncpg.Record | None:
    """What was found when an alert was last looked at."""
    return await db.fetchrow(LATEST, alert_id)


async def count_executions(db: Executor, namespace_id: str, alert_id: str | None) -> int:
    """How many executions are kept of an alert, or of all alerts of a namespace."""
    sql = "SELECT count(*) FROM alert_executions WHERE namespace_id = $1 AND ($2::text IS NULL OR alert_id = $2)"
    return int(await db.fetchval(sql, namespace_id, alert_id))
