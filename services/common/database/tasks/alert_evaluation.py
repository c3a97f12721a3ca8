"""Alerts: what the gateway stores, the worker evaluates, and a trigger may ask for."""

from services.common.database.tasks.create_task import NewTask

EVALUATE_ALERT = "evaluate_alert"
"""The kind of task that looks at an alert's condition now, whatever its turn."""
# The contract has no type of its own for it.
TASK_TYPE = "api_retrievers_execute"
TRIGGERED = "alert.triggered"
COMPLETED = "alert.execution.completed"
FAILED = "alert.execution.failed"


def evaluation_of(namespace_id: str, alert_id: str) -> NewTask:
    """The task that evaluates an alert once; a disabled one is left alone. Its outputs are those of the execution."""
    return NewTask(kind=EVALUATE_ALERT, task_type=TASK_TYPE, namespace_id=namespace_id, inputs={"alert_id": alert_id})
