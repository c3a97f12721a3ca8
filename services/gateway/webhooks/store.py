"""Webhooks in the database, of the namespaces that a key may use."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from services.common.database.pool import Connection, Executor
from services.common.errors import NotFoundError
from services.common.filters.tables import Column, Kind, Table
from services.common.row_types import JsonObject
from services.gateway.kit.lists.page_sql import Listing
from services.gateway.kit.rows.change_row import change_row
from services.gateway.kit.rows.resource_names import name_taken

WEBHOOKS = Table(
    alias="w",
    columns={
        "webhook_id": Column("webhook_id"),
        "webhook_name": Column("webhook_name"),
        "event_types": Column("event_types", Kind.OTHER),
        "resource_types": Column("resource_types", Kind.OTHER),
        "namespace_ids": Column("namespace_ids", Kind.OTHER),
        "is_active": Column("works", Kind.OTHER),
        "consecutive_failures": Column("consecutive_failures", Kind.OTHER),
        "paused_at": Column("paused_at", Kind.TIME),
        "created_at": Column("created_at", Kind.TIME),
        "updated_at": Column("updated_at", Kind.TIME),
    },
    prefixes={},
)
# What it cannot be asked for, such as sealed secrets, is not among the fields.
SOURCE = """(SELECT *, is_active AND paused_at IS NULL AS works, '{}'::jsonb AS fields FROM webhooks) w"""
SHOWN = """w.webhook_id, w.webhook_name, w.event_types, w.resource_types, w.namespace_ids, w.channels, w.is_active,
    w.created_at, w.updated_at, w.consecutive_failures, w.first_failure_at, w.last_failure_at, w.last_failure_cause,
    w.paused_at, w.paused_reason,
    (SELECT count(*) FROM deliveries d
     WHERE coalesce(d.webhook_id, d.alert_id) = w.webhook_id AND d.status = 'pending') AS pending"""
LIST_WEBHOOKS = Listing(table=WEBHOOKS, source=SOURCE, columns=SHOWN, key="w.row_key")
SEARCH_WEBHOOKS = "w.webhook_id ILIKE {pattern} OR w.webhook_name ILIKE {pattern}"
# A key with scopes sees the webhooks that hear of its namespaces alone.
SEEN = "($1::text[] IS NULL OR w.namespace_ids <@ $1)"
COUNT = f"SELECT count(*) FROM webhooks w WHERE {SEEN}"  # noqa: S608
NAMED = f"""{SEEN} AND (w.webhook_id = $2 OR w.webhook_name IN ($2, $3))
    ORDER BY w.webhook_id = $2 DESC, w.webhook_name = $2 DESC LIMIT 1"""
READ = f"SELECT {SHOWN} FROM webhooks w WHERE {NAMED}"  # noqa: S608
LOCK = f"""SELECT w.webhook_id, w.channels, w.namespace_ids, w.is_active AND w.paused_at IS NULL AS works
    FROM webhooks w WHERE {NAMED} FOR NO KEY UPDATE"""  # noqa: S608
RESUME = """
    UPDATE webhooks SET is_active = true, paused_at = NULL, paused_reason = NULL, consecutive_failures = 0,
      first_failure_at = NULL, last_failure_at = NULL, last_failure_cause = NULL,
      updated_at = CASE WHEN is_active AND paused_at IS NULL THEN updated_at ELSE now() END
    WHERE webhook_id = $1"""

Visible = Sequence[str] | None
"""The namespaces that a key may use; None for all of them."""


async def read_webhook(db: Executor, visible: Visible, identifier: str) -> asyncpg.Record:
    """A webhook by id, name, or prefix and name; its row with the count of what is pending."""
    return _found(await db.fetchrow(READ, visible, identifier, identifier.removeprefix("wh_")), identifier)


async def lock_webhook(connection: Connection, visible: Visible, identifier: str) -> asyncpg.Record:
    """The webhook, which nobody else changes until the transaction ends."""
    return _found(await connection.fetchrow(LOCK, visible, identifier, identifier.removeprefix("wh_")), identifier)


def _found(row: asyncpg.Record | None, identifier: str) -> asyncpg.Record:
    if row is None:
        raise NotFoundError(f"No webhook '{identifier}'.", resource="webhook", id=identifier)
    return row


async def insert_webhook(db: Executor, columns: Mapping[str, Any]) -> str:
    """The id of the new webhook; AlreadyExistsError when the name is taken."""
    webhook_id = f"wh_{secrets.token_hex(8)}"
    values = {"webhook_id": webhook_id, **columns}
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    sql = f"INSERT INTO webhooks ({', '.join(values)}) VALUES ({places})"  # noqa: S608
    try:
        await db.execute(sql, *values.values())
    except asyncpg.UniqueViolationError as error:
        raise name_taken("webhook", columns["webhook_name"]) from error
    return webhook_id


async def replace_webhook(connection: Connection, locked: asyncpg.Record, columns: Mapping[str, Any]) -> None:
    """Writes other columns; one that did not work and is made active starts without its failures."""
    webhook_id = locked["webhook_id"]
    try:
        await change_row(connection, "webhooks", "webhook_id", webhook_id, columns)
    except asyncpg.UniqueViolationError as error:
        raise name_taken("webhook", columns["webhook_name"]) from error
    if columns["is_active"] and not locked["works"]:
        await resume_webhook(connection, webhook_id)


async def change_channels(connection: Connection, webhook_id: str, channels: Sequence[JsonObject]) -> None:
    """Writes channels that differ in their secrets alone."""
    sql = "UPDATE webhooks SET channels = $2, updated_at = now() WHERE webhook_id = $1"
    await connection.execute(sql, webhook_id, channels)


async def resume_webhook(connection: Connection, webhook_id: str) -> None:
    """Forgets the failures of a webhook; what is pending is due now."""
    await connection.execute(RESUME, webhook_id)
