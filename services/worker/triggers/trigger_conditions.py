"""Looks whether documents have changed so much since the baseline that a trigger is to fire.

The first look takes the baseline; every execution that succeeds leaves a new one, as it was when the trigger fired.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg

from services.common.database.pool import Connection
from services.common.database.triggers.executions import CONDITION, Firing
from services.common.triggers.schedules import ConditionSchedule
from services.worker.triggers.document_drift import average, change, count_documents, drift

DRIFT = "drift"
LOOKED = {
    "drift": "UPDATE triggers SET last_drift_measurement = $2, last_condition_check_at = now() WHERE trigger_id = $1",
    "volume": "UPDATE triggers SET last_volume_measurement = $2, last_condition_check_at = now() WHERE trigger_id = $1",
}
MEASURED_FROM = """
    UPDATE triggers SET baseline_snapshot = $2, baseline_centroids = $3, last_condition_check_at = now()
    WHERE trigger_id = $1"""


@dataclass(frozen=True, kw_only=True)
class State:
    """How the documents are now; `centroids` is None where only their number counts."""

    snapshot: Mapping[str, Any]
    centroids: Mapping[str, Any] | None


async def look(connection: Connection, trigger: asyncpg.Record, schedule: ConditionSchedule) -> Firing | None:
    """Measures and writes down what was found; how to fire, None when it is not the time."""
    state = await _state(connection, trigger, schedule)
    if _has_no_baseline(trigger, state):
        await connection.execute(MEASURED_FROM, trigger["trigger_id"], state.snapshot, state.centroids)
        return None
    value = _value(trigger, schedule, state)
    exceeded = value is not None and value >= schedule.threshold
    measured = {
        "metric": schedule.metric,
        "value": value,
        "threshold": schedule.threshold,
        "exceeded": exceeded,
        "measured_at": state.snapshot["captured_at"],
        "document_count": state.snapshot["document_count"],
        "baseline_document_count": trigger["baseline_snapshot"]["document_count"],
    }
    await connection.execute(LOOKED[schedule.condition_type], trigger["trigger_id"], measured)
    return Firing(cause=CONDITION, snapshot=state.snapshot, centroids=state.centroids) if exceeded else None


async def _state(connection: Connection, trigger: asyncpg.Record, schedule: ConditionSchedule) -> State:
    counts = await count_documents(connection, trigger["watched_ids"])
    snapshot: dict[str, Any] = {
        "captured_at": datetime.now(UTC).isoformat(),
        "document_count": sum(counts.values()),
        "collection_ids": trigger["watched_ids"],
    }
    if schedule.condition_type != DRIFT:
        return State(snapshot=snapshot, centroids=None)
    found = await average(connection, counts)
    return State(snapshot={**snapshot, "sample_size": found.sample_size}, centroids=found.means)


def _has_no_baseline(trigger: asyncpg.Record, state: State) -> bool:
    """Nothing was measured before, or nothing that could drift."""
    if trigger["baseline_snapshot"] is None:
        return True
    return bool(state.centroids) and not trigger["baseline_centroids"]


def _value(trigger: asyncpg.Record, schedule: ConditionSchedule, state: State) -> float | None:
    if schedule.condition_type == DRIFT:
        found = drift(trigger["baseline_centroids"] or {}, state.centroids or {})
        return None if found is None else round(found, 6)
    before, now = trigger["baseline_snapshot"]["document_count"], state.snapshot["document_count"]
    return change(schedule.metric, before, now)
