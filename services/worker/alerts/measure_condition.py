"""Measuring a system condition."""

from datetime import timedelta
from typing import Any

from services.common.database.pool import Pool
from services.common.system_conditions import params_of
from services.worker.alerts.system_conditions import MEASURES
from services.worker.alerts.watched_alert import Found, Watch

MINUTES = "_minutes"
MOST_SHOWN = 20
MOST_MEASURED = 1000


async def measure(pool: Pool, watch: Watch) -> Found:
    """What is in trouble; `details` names the worst of it."""
    assert watch.system_condition is not None
    query = MEASURES[watch.system_condition["type"]]
    given = params_of(watch.system_condition).model_dump()
    values = [timedelta(minutes=given[name]) if name.endswith(MINUTES) else given[name] for name in query.takes]
    rows = await pool.fetch(query.complete(MOST_MEASURED), watch.namespace_id, *values)
    shown = [{**row, "value": float(row["value"])} for row in rows[:MOST_SHOWN]]
    return Found(
        count=len(rows),
        collection_id=next((row["collection_id"] for row in rows if row["collection_id"]), ""),
        details={"type": watch.system_condition["type"], "params": _told(given), "resources": shown},
    )


def _told(params: dict[str, Any]) -> dict[str, Any]:
    """The limits that were applied; what is watched, the alert itself says."""
    return {name: value for name, value in params.items() if isinstance(value, int | float)}
