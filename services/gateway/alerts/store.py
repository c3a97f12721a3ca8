"""Alerts in the database."""

from collections.abc import Collection, Mapping
from typing import Any

import asyncpg

from services.common.database.events.outbox import record_event
from services.common.database.pool import Connection, Executor, Pool
from services.common.errors import NotFoundError
from services.common.events.event_payloads import changed_fields
from services.common.filters.tables import Column, Kind, Table
from services.common.ids import new_id
from services.gateway.kit.lists.page_sql import Listing
from services.gateway.kit.rows.change_row import change_row
from services.gateway.kit.rows.resource_names import name_taken

SHOWN_AS = {"alert_name": "name", "retriever_identifier": "retriever_id"}
ALERTS = Table(
    alias="a",
    columns={
        "alert_id": Column("alert_id"),
        "name": Column("alert_name"),
        "description": Column("description"),
        "source": Column("source"),
        "retriever_id": Column("retriever_id"),
        "trigger_on": Column("trigger_on"),
        "enabled": Column("enabled", Kind.OTHER),
        "is_raised": Column("is_raised", Kind.OTHER),
        "last_error": Column("fault"),
        "min_count": Column("min_count", Kind.OTHER),
        "cooldown_seconds": Column("cooldown_seconds", Kind.OTHER),
        "renotify_interval_seconds": Column("renotify_interval_seconds", Kind.OTHER),
        "last_fired_at": Column("last_fired_at", Kind.TIME),
        "last_evaluated_at": Column("last_evaluated_at", Kind.TIME),
        "created_at": Column("created_at", Kind.TIME),
        "updated_at": Column("updated_at", Kind.TIME),
    },
    prefixes={("system_condition",): "system_condition", ("inputs",): "inputs", ("threshold",): "threshold"},
    fields="metadata",
)
LIST_ALERTS = Listing(table=ALERTS, source="alerts a", columns="a.*", key="a.row_key")
SEARCH_ALERTS = (
    "a.alert_id ILIKE {pattern} OR a.alert_name ILIKE {pattern} OR coalesce(a.description, '') ILIKE {pattern}"
)
STATS = """
    SELECT count(*) AS total, count(*) FILTER (WHERE enabled) AS enabled FROM alerts WHERE namespace_id = $1"""
BY_CHANNEL = """
    SELECT channel ->> 'channel_type' AS channel_type, count(DISTINCT alert_id) AS alerts
    FROM alerts, jsonb_array_elements(notification_config -> 'channels') AS channel
    WHERE namespace_id = $1 GROUP BY 1 ORDER BY 1"""
# In the order of their ids, as everybody locks several collections.
TAKE_OFF = """
    UPDATE collections c SET updated_at = now(), settings = jsonb_set(c.settings, '{alert_applications}', (
      SELECT coalesce(jsonb_agg(application ORDER BY number), '[]')
      FROM jsonb_array_elements(c.settings -> 'alert_applications') WITH ORDINALITY AS x (application, number)
      WHERE application ->> 'alert_id' <> $2))
    WHERE c.collection_id IN (
      SELECT collection_id FROM collections
      WHERE namespace_id = $1
        AND settings -> 'alert_applications' @> jsonb_build_array(jsonb_build_object('alert_id', $2::text))
      ORDER BY collection_id FOR UPDATE)"""
# Another question is asked from now on: what is being looked at has no bearing on it.
ASK_ANEW = """
    UPDATE alerts SET is_raised = false, is_told = false, fault = NULL, due_at = now(), leased_until = NULL,
      claim = NULL WHERE alert_id = $1 RETURNING *"""


async def insert_alert(pool: Pool, namespace_id: str, columns: Mapping[str, Any]) -> asyncpg.Record:
    """The new alert, which is due at once; AlreadyExistsError when the name is taken."""
    alert_id = new_id("alt")
    values = {"alert_id": alert_id, "namespace_id": namespace_id, **columns}
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    sql = f"INSERT INTO alerts ({', '.join(values)}) VALUES ({places}) RETURNING *"  # noqa: S608
    async with pool.acquire() as connection, connection.transaction():
        try:
            row = await connection.fetchrow(sql, *values.values())
        except asyncpg.UniqueViolationError as error:
            raise name_taken("alert", columns["alert_name"]) from error
        assert row is not None
        await _tell(connection, "alert.created", row)
    return row


async def update_alert(
    pool: Pool, row: asyncpg.Record, columns: Mapping[str, Any], watched: Collection[str]
) -> asyncpg.Record:
    """The alert after a change; one of what is `watched` makes it start as not raised, and due at once."""
    alert_id = row["alert_id"]
    async with pool.acquire() as connection, connection.transaction():
        try:
            change = await change_row(connection, "alerts", "alert_id", alert_id, columns)
        except asyncpg.UniqueViolationError as error:
            raise name_taken("alert", columns["alert_name"]) from error
        if change is None:
            raise NotFoundError.of("alert", alert_id)
        if not change.columns:
            return change.row
        fields = changed_fields({SHOWN_AS.get(name, name) for name in change.columns})
        await _tell(connection, "alert.updated", change.row, **fields)
        asked = await connection.fetchrow(ASK_ANEW, alert_id) if change.columns & set(watched) else None
    return asked or change.row


async def delete_alert(pool: Pool, row: asyncpg.Record) -> None:
    """Deletes an alert with its executions and what is still to be delivered, and takes it off collections."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(TAKE_OFF, row["namespace_id"], row["alert_id"])
        if await connection.fetchval("DELETE FROM alerts WHERE alert_id = $1 RETURNING alert_id", row["alert_id"]):
            await _tell(connection, "alert.deleted", row)


async def _tell(connection: Connection, event: str, alert: asyncpg.Record, **more: Any) -> None:
    payload = {"alert_id": alert["alert_id"], "alert_name": alert["alert_name"], **more}
    await record_event(connection, alert["namespace_id"], event, alert["alert_id"], payload)


async def stats_of(db: Executor, namespace_id: str) -> tuple[int, int, dict[str, int]]:
    """How many alerts a namespace has, how many of them enabled, and how many by type of channel."""
    row = await db.fetchrow(STATS, namespace_id)
    assert row is not None
    channels = await db.fetch(BY_CHANNEL, namespace_id)
    return row["total"], row["enabled"], {each["channel_type"]: each["alerts"] for each in channels}
