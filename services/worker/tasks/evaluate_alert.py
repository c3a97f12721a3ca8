"""Looks at one alert because somebody asks for it."""

from services.common.errors import NotFoundError
from services.worker.alerts.evaluator import Evaluator
from services.worker.kit.task import Done, Task, TaskWaitsError

AGAIN_SECONDS = 2.0


class AlertEvaluations:
    """The task that evaluates an alert, whatever its turn."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    async def run(self, task: Task) -> Done:
        """The task; `inputs` names the alert. A disabled one is left alone; an execution that failed is an error."""
        alert_id = task.inputs["alert_id"]
        sql = "SELECT enabled FROM alerts WHERE alert_id = $1 AND namespace_id = $2"
        enabled = await task.pool.fetchval(sql, alert_id, task.namespace_id)
        if enabled is None:
            raise NotFoundError.of("alert", alert_id)
        watched = await self._evaluator.claims.this(alert_id)
        if watched is None:
            return Done(outputs={"alert_id": alert_id, "evaluated": False})
        conclusion = await self._evaluator.look_at(watched, on_demand=True)
        if conclusion is None:
            raise TaskWaitsError(AGAIN_SECONDS)
        outputs = {
            "alert_id": alert_id,
            "evaluated": True,
            "execution_id": conclusion.execution_id,
            "triggered": conclusion.triggered,
            "fired": conclusion.fired,
            "match_count": conclusion.match_count,
            "error": conclusion.error,
        }
        return Done(outputs=outputs, had_errors=conclusion.error is not None)
