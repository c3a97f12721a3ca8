"""The executions of alerts in the database: one row for each look that found something else than the one before."""

from dataclasses import dataclass

import asyncpg

from services.common.database.pool import Connection
from services.worker.alerts.watched_alert import Found, JsonObject

KEPT = 1000
PRUNE_EVERY = 50
MOST_COUNTED = 2**31 - 1
AGAIN = """
    UPDATE alert_executions SET evaluations = evaluations + 1, executed_at = now(), matches = $7, details = $8,
      duration_ms = $9
    WHERE row_key = (SELECT max(row_key) FROM alert_executions WHERE alert_id = $1) AND NOT fired AND triggered = $2
      AND match_count = $3 AND collection_id = $4 AND error IS NOT DISTINCT FROM $5
      AND source_documents IS NULL AND $6::text[] IS NULL
    RETURNING execution_id"""
INSERT = """
    INSERT INTO alert_executions (execution_id, namespace_id, alert_id, collection_id, triggered, fired, match_count,
      matches, source_documents, details, error, duration_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING row_key"""
PRUNE = """
    DELETE FROM alert_executions WHERE alert_id = $1 AND row_key <= (
      SELECT row_key FROM alert_executions WHERE alert_id = $1 ORDER BY row_key DESC OFFSET $2 LIMIT 1)"""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """An execution as it is to be stored."""

    execution_id: str
    found: Found
    triggered: bool
    fired: bool
    matches: list[JsonObject] | None
    error: str | None
    duration_ms: int


async def write_execution(connection: Connection, alert: asyncpg.Record, execution: Execution) -> tuple[str, bool]:
    """Stores it, in the row of the one before where both say the same; its id, and whether the row is new."""
    found, alert_id = execution.found, alert["alert_id"]
    documents = None if found.source_documents is None else list(found.source_documents)
    count = min(found.count, MOST_COUNTED)
    if not execution.fired:
        same = (execution.triggered, count, found.collection_id, execution.error, documents)
        rest = (execution.matches, found.details, execution.duration_ms)
        if known := await connection.fetchval(AGAIN, alert_id, *same, *rest):
            return str(known), False
    row_key = await connection.fetchval(
        INSERT,
        execution.execution_id,
        alert["namespace_id"],
        alert_id,
        found.collection_id,
        execution.triggered,
        execution.fired,
        count,
        execution.matches,
        documents,
        found.details,
        execution.error,
        execution.duration_ms,
    )
    if row_key % PRUNE_EVERY == 0:
        await connection.execute(PRUNE, alert_id, KEPT)
    return execution.execution_id, True
