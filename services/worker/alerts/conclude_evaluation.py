"""What a look comes to, in one transaction: its execution, the state of the rise, and who is to be told."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from services.common.database.events.outbox import record_event
from services.common.database.pool import Connection, Pool
from services.common.database.tasks import alert_evaluation
from services.common.ids import new_id
from services.worker.alerts.executions import Execution, write_execution
from services.worker.alerts.firing_rule import Rise, Rule, look, may_fire
from services.worker.alerts.notification import kept_matches, payload_of
from services.worker.alerts.watched_alert import Found, JsonObject, WatchedAlert

# The claim is checked under the lock: an alert that was changed, or taken over, is nobody's to conclude.
LOCK = "SELECT *, now() AS now FROM alerts WHERE alert_id = $1 AND claim = $2 FOR NO KEY UPDATE"
REST = """
    UPDATE alerts SET is_raised = $2, is_told = $3, last_fired_at = $4, fault = $5,
      retriever_id = coalesce($6, retriever_id), duration_ms = $7, last_evaluated_at = now(), claim = NULL,
      leased_until = NULL,
      due_at = CASE WHEN $8::timestamptz IS NULL THEN due_at
               ELSE least(due_at, greatest($8, now() + interval '1 second')) END
    WHERE alert_id = $1"""
ASKED = """
    UPDATE alerts SET fault = $2, last_evaluated_at = now(),
      last_fired_at = CASE WHEN $3 THEN now() ELSE last_fired_at END WHERE alert_id = $1"""
NAME = "SELECT collection_name FROM collections WHERE collection_id = $1"
# The event has just been written by this transaction, and no other one of its kind about this alert.
DELIVER = """
    INSERT INTO deliveries (delivery_id, namespace_id, alert_id, execution_id, channel, channel_type, event_id, subject,
                            seq)
    SELECT 'dlv_' || left(encode(sha256(convert_to(
             a.alert_id || '/' || e.event_id || '/' || c.number, 'UTF8')), 'hex'), 24),
           a.namespace_id, a.alert_id, $2, c.number - 1, c.channel ->> 'channel_type', e.event_id,
           'alert/' || a.alert_id, e.seq
    FROM alerts a JOIN events e ON e.event_type = 'alert.triggered' AND e.subject_id = a.alert_id
    CROSS JOIN LATERAL jsonb_array_elements(a.notification_config -> 'channels') WITH ORDINALITY AS c (channel, number)
    WHERE a.alert_id = $1 AND e.xid = pg_current_xact_id() AND e.payload ->> 'execution_id' = $2
    ORDER BY c.number"""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a look gave: whether the condition holds of what was found, or why it cannot be known."""

    found: Found = field(default_factory=lambda: Found(count=0, collection_id=""))
    holds: bool = False
    error: str | None = None
    duration_ms: int = 0


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """What became of a look."""

    execution_id: str
    triggered: bool
    fired: bool
    match_count: int
    error: str | None


async def conclude(pool: Pool, watched: WatchedAlert, outcome: Outcome) -> Conclusion | None:
    """Ends the turn; None when it was not this worker's any more, and then nothing has happened."""
    async with pool.acquire() as connection, connection.transaction():
        alert = await connection.fetchrow(LOCK, watched.alert_id, watched.claim)
        if alert is None:
            return None
        before = Rise(**{name: alert[name] for name in ("is_raised", "is_told", "last_fired_at")})
        if outcome.error is None:
            step = look(before, holds=outcome.holds, now=alert["now"], rule=_rule(alert))
            rise, fires, again_at = step.rise, step.fires, step.again_at
        else:
            rise, fires, again_at = before, False, None
        conclusion = await _write(connection, alert, outcome, fires=fires)
        await connection.execute(
            REST,
            watched.alert_id,
            rise.is_raised,
            rise.is_told,
            rise.last_fired_at,
            outcome.error,
            outcome.found.retriever_id,
            outcome.duration_ms,
            again_at,
        )
    return conclusion


async def conclude_documents(pool: Pool, watched: WatchedAlert, outcome: Outcome) -> Conclusion | None:
    """The same for new documents, each of which is asked about once; the turn goes on.

    That a document matches is no state that rises and falls: it is told of unless the cooldown suppresses it.
    """
    async with pool.acquire() as connection, connection.transaction():
        alert = await connection.fetchrow(LOCK, watched.alert_id, watched.claim)
        if alert is None:
            return None
        fires = outcome.holds and may_fire(alert["last_fired_at"], alert["now"], _rule(alert))
        conclusion = await _write(connection, alert, outcome, fires=fires)
        await connection.execute(ASKED, watched.alert_id, outcome.error, fires)
        ids = list(outcome.found.source_documents or ())
        sql = "DELETE FROM alert_documents WHERE alert_id = $1 AND document_id = ANY($2)"
        await connection.execute(sql, watched.alert_id, ids)
    return conclusion


def _rule(alert: asyncpg.Record) -> Rule:
    renotify = alert["renotify_interval_seconds"]
    return Rule(
        cooldown=timedelta(seconds=alert["cooldown_seconds"]),
        renotify=None if renotify is None else timedelta(seconds=renotify),
    )


async def _write(connection: Connection, alert: asyncpg.Record, outcome: Outcome, *, fires: bool) -> Conclusion:
    matches = kept_matches(outcome.found.matches)
    shown = matches if alert["notification_config"]["include_matches"] else None
    execution = Execution(
        execution_id=new_id("exec", 16),
        found=outcome.found,
        triggered=outcome.holds,
        fired=fires,
        matches=shown,
        error=outcome.error,
        duration_ms=outcome.duration_ms,
    )
    execution_id, is_new = await write_execution(connection, alert, execution)
    conclusion = Conclusion(
        execution_id=execution_id,
        triggered=outcome.holds,
        fired=fires,
        match_count=outcome.found.count,
        error=outcome.error,
    )
    if fires:
        name = await connection.fetchval(NAME, outcome.found.collection_id)
        told = {"triggered_at": _moment(alert["now"]), "collection_name": name}
        payload = payload_of(dict(alert), execution_id, outcome.found, matches, **told)
        await record_event(connection, alert["namespace_id"], alert_evaluation.TRIGGERED, alert["alert_id"], payload)
        await connection.execute(DELIVER, alert["alert_id"], execution_id)
    if is_new:
        await _tell(connection, alert, conclusion)
    return conclusion


async def _tell(connection: Connection, alert: asyncpg.Record, conclusion: Conclusion) -> None:
    """What came of looking, where it is not what came of it before."""
    payload: JsonObject = {
        "alert_id": alert["alert_id"],
        "alert_name": alert["alert_name"],
        "execution_id": conclusion.execution_id,
    }
    told: tuple[str, dict[str, Any]] = (
        (alert_evaluation.FAILED, {"error": conclusion.error})
        if conclusion.error is not None
        else (
            alert_evaluation.COMPLETED,
            {name: getattr(conclusion, name) for name in ("triggered", "fired", "match_count")},
        )
    )
    await record_event(connection, alert["namespace_id"], told[0], alert["alert_id"], payload | told[1])


def _moment(now: datetime) -> str:
    return now.astimezone(UTC).isoformat().replace("+00:00", "Z")
