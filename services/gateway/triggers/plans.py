"""What a request for a trigger comes to: its schedule read, its action resolved, what it watches found."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import asyncpg

from services.common.database.pool import Connection
from services.common.errors import InvalidArgumentError
from services.common.events.event_types import resource_type_of
from services.common.triggers.actions import read_action
from services.common.triggers.schedules import EventSchedule, Schedule, Watching, first_time, read_schedule
from services.gateway.kit.rows.resource_names import named
from services.gateway.kit.rows.trigger_rows import NewTrigger
from services.gateway.kit.shapes import JsonObject
from services.gateway.triggers.actions import resolve

PATH = "body.schedule_config"
ACTIVE = "active"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A trigger as a request describes it; `path` is where its schedule_config stands."""

    action_type: str
    action_config: JsonObject
    trigger_type: str
    schedule_config: JsonObject
    name: str | None = None
    description: str | None = None
    status: str = ACTIVE
    created_by: str | None = None
    path: str = PATH


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A schedule with ids for names; what is counted or measured, and where."""

    schedule: Schedule
    event_type: str | None = None
    watched_ids: Sequence[str] = ()


async def plan_trigger(connection: Connection, namespace_id: str, asked: Asked) -> NewTrigger:
    """Everything resolved; InvalidArgumentError and NotFoundError name the field."""
    schedule = read_schedule(asked.trigger_type, asked.schedule_config, asked.path)
    resolved = await resolve(
        connection, namespace_id, read_action(asked.action_type, asked.action_config, "body.action_config")
    )
    planned = await plan_schedule(connection, namespace_id, schedule, resolved.collection_ids, asked.path)
    return NewTrigger(
        namespace_id=namespace_id,
        name=asked.name,
        description=asked.description,
        action_type=asked.action_type,
        action_config=resolved.action.model_dump(exclude_none=True),
        resource_id=resolved.resource_id,
        execution_config=resolved.execution_config,
        trigger_type=asked.trigger_type,
        schedule_config=planned.schedule.model_dump(exclude_none=True),
        event_type=planned.event_type,
        watched_ids=list(planned.watched_ids),
        status=asked.status,
        created_by=asked.created_by,
        next_scheduled_at=first_time(schedule, datetime.now(UTC)) if asked.status == ACTIVE else None,
    )


async def plan_change(connection: Connection, trigger: asyncpg.Record, config: JsonObject) -> dict[str, Any]:
    """The columns of a trigger that gets another schedule of the same type; what it measured before holds no more."""
    schedule = read_schedule(trigger["trigger_type"], config, PATH)
    default: Sequence[str] = ()
    if isinstance(schedule, Watching) and schedule.named is None:
        action = read_action(trigger["action_type"], trigger["action_config"], stored=True)
        default = (await resolve(connection, trigger["namespace_id"], action)).collection_ids
    planned = await plan_schedule(connection, trigger["namespace_id"], schedule, default, PATH)
    return {
        "schedule_config": planned.schedule.model_dump(exclude_none=True),
        "event_type": planned.event_type,
        "watched_ids": list(planned.watched_ids),
        "baseline_snapshot": None,
        "baseline_centroids": None,
    }


async def plan_schedule(
    connection: Connection, namespace_id: str, schedule: Schedule, default: Sequence[str], path: str
) -> Planned:
    """The schedule with the collections that it watches: those it names, else those of the action."""
    if not isinstance(schedule, Watching):
        return Planned(schedule=schedule)
    rows = await _watched(connection, namespace_id, schedule, default, path)
    ids = [row["collection_id"] for row in rows]
    single = schedule.collection_id is not None or schedule.collection_ids is None
    ids_said = (
        {"collection_id": ids[0], "collection_ids": None}
        if single and len(ids) == 1
        else {"collection_id": None, "collection_ids": ids}
    )
    planned = Planned(schedule=schedule.model_copy(update=ids_said), watched_ids=ids)
    if not isinstance(schedule, EventSchedule):
        return planned
    if resource_type_of(schedule.counted) == "object":
        planned = replace(planned, watched_ids=_buckets(rows, path))
    return replace(planned, event_type=schedule.counted)


async def _watched(
    connection: Connection, namespace_id: str, schedule: Watching, default: Sequence[str], path: str
) -> list[asyncpg.Record]:
    identifiers = default if schedule.named is None else schedule.named
    if not identifiers:
        where = f"{path}.collection_id"
        raise InvalidArgumentError(f"{where} is needed: the action is about no collection that is there.", path=where)
    where = f"{path}.collection_id" if schedule.collection_id else f"{path}.collection_ids"
    rows = [await named(connection, "collection", namespace_id, each, where) for each in identifiers]
    return list({row["collection_id"]: row for row in rows}.values())


def _buckets(rows: Sequence[asyncpg.Record], path: str) -> list[str]:
    """The buckets whose objects the collections are made from."""
    found = sorted({bucket_id for row in rows for bucket_id in row["bucket_ids"]})
    if not found:
        where = f"{path}.collection_id"
        raise InvalidArgumentError(f"{where}: these collections are made from no bucket; count documents.", path=where)
    return found
