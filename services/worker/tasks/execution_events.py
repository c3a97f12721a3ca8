"""Which tasks run something that is told of when it ends: a taxonomy over a collection, a retriever over a dataset."""

import asyncpg

from services.common.database.evaluations import EVALUATION
from services.common.database.events.outbox import Event
from services.common.database.tasks.create_task import CANCELED, FAILED
from services.common.database.taxonomies.applied_taxonomies import APPLY_TAXONOMY, taxonomies_of_task
from services.common.events.event_payloads import shortened

ALSO = ("collection_id", "evaluation_id")


def events_of(task: asyncpg.Record) -> list[Event]:
    """`resource.executed` or `resource.execution_failed` about what a task ran that has just ended, if it ran any."""
    if task["status"] == CANCELED:
        return []
    return [_event(task, kind, resource_id) for kind, resource_id in _resources(task)]


def _resources(task: asyncpg.Record) -> list[tuple[str, str]]:
    """What the task ran: (kind, id)."""
    if task["kind"] == APPLY_TAXONOMY:
        return [("taxonomy", taxonomy_id) for taxonomy_id in taxonomies_of_task(task["inputs"])]
    return [("retriever", task["inputs"]["retriever_id"])] if task["kind"] == EVALUATION else []


def _event(task: asyncpg.Record, kind: str, resource_id: str) -> Event:
    inputs = task["inputs"]
    about = {name: inputs[name] for name in ALSO if name in inputs}
    payload = {
        "resource_type": kind,
        "resource_id": resource_id,
        "task_id": task["task_id"],
        "status": task["status"],
        "error": shortened(task["error"]),
        **about,
    }
    event_type = "resource.execution_failed" if task["status"] == FAILED else "resource.executed"
    return Event(
        namespace_id=task["namespace_id"],
        event_type=event_type,
        subject_id=resource_id,
        subject_type=kind,
        payload=payload,
    )
