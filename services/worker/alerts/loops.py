"""What the worker does again and again for alerts."""

from services.common.database.pool import Pool
from services.worker.alerts.due_alerts import DueAlerts
from services.worker.alerts.evaluator import Evaluator
from services.worker.kit.loops import Loop

# An alert whose retriever takes its time keeps none of the others waiting.
LANES = 3
SECONDS_BETWEEN = 0.5


def alert_loops(pool: Pool, evaluator: Evaluator) -> tuple[Loop, ...]:
    """Following the events, and looking at what is due."""
    lanes = (Loop(name=f"alerts-{number}", step=evaluator.step, seconds=SECONDS_BETWEEN) for number in range(LANES))
    return (Loop(name="alert-changes", step=DueAlerts(pool).step, seconds=SECONDS_BETWEEN), *lanes)
