"""The pages of a review: which groups come next, and where a page ended."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.errors import InvalidArgumentError
from services.gateway.kit.dependencies import Gateway
from services.gateway.review.look_alikes import look_alikes, unit_rows
from services.gateway.review.waiting_documents import WINDOW, Queue, find_window, keep_window, sample, still_waiting

MOST_WINDOWS = 5
"""Windows looked through for one page: those that were decided meanwhile are empty."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: in this window (none yet: a new one after `after`), at this group."""

    window_id: str = ""
    group: int = 0
    after: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Documents of a group that wait now, each with its likeness to the typical one."""

    group_id: str
    members: list[tuple[asyncpg.Record, float]]


def read_place(cursor: str | None) -> Place:
    """The place that a cursor names; INVALID_CURSOR for one that this server did not give."""
    if cursor is None:
        return Place()
    window_id, _, rest = cursor.partition(".")
    number, _, after = rest.partition(".")
    if not number.isdecimal() or (not window_id and not after):
        raise _foreign()
    return Place(window_id, int(number), after)


def write_place(place: Place | None) -> str | None:
    """The cursor of a place; None at the end."""
    return None if place is None else f"{place.window_id}.{place.group}.{place.after}"


def _foreign() -> InvalidArgumentError:
    message = "cursor has expired or is not of this review; ask without a cursor to begin again."
    return InvalidArgumentError(message, reason="INVALID_CURSOR", path="query.cursor")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is reviewed, by which vectors, and how much of it at once."""

    queue: Queue
    feature_uri: str | None
    limit: int
    size: int


async def next_groups(gateway: Gateway, asked: Asked, place: Place) -> tuple[list[Group], Place | None]:
    """The groups of one page from a place on, and the place after them."""
    found: list[Group] = []
    at: Place | None = place
    for _ in range(MOST_WINDOWS):
        if at is None or len(found) == asked.limit:
            break
        window = await _window(gateway, asked, at)
        groups, at = await _read(gateway, asked.queue, window, at.group, asked.limit - len(found))
        found += groups
    return found, at


def one_group(rows: Sequence[asyncpg.Record]) -> list[Group]:
    """The rows as one group; none without any."""
    return [Group(group_id="", members=[(row, 1.0) for row in rows])] if rows else []


async def _window(gateway: Gateway, asked: Asked, place: Place) -> asyncpg.Record | dict[str, Any]:
    queue = asked.queue
    if place.window_id:
        kept = await find_window(gateway.pool, queue, place.window_id)
        if kept is None:
            raise _foreign()
        return kept
    rows = await sample(gateway.pool, queue, asked.feature_uri, place.after)
    groups = await asyncio.to_thread(_grouped, rows, asked.size)
    last = rows[-1]["document_id"] if len(rows) == WINDOW else None
    async with gateway.pool.acquire() as connection:
        window_id = await keep_window(connection, queue, groups, last)
    return {"window_id": window_id, "groups": groups, "last_document_id": last}


def _grouped(rows: Sequence[asyncpg.Record], size: int) -> list[list[list[Any]]]:
    """Groups of [document id, likeness]; what has no vector comes last, each by itself."""
    seen = [row for row in rows if row["vector"] is not None]
    groups = look_alikes(unit_rows([row["vector"] for row in seen]), size) if seen else []
    named = [[[seen[each.place]["document_id"], round(each.likeness, 4)] for each in group] for group in groups]
    return [*named, *([[row["document_id"], 1.0]] for row in rows if row["vector"] is None)]


async def _read(
    gateway: Gateway, queue: Queue, window: asyncpg.Record | dict[str, Any], first: int, limit: int
) -> tuple[list[Group], Place | None]:
    """Groups of a window of which something waits, and the place after them."""
    groups = window["groups"]
    found: list[Group] = []
    at = first
    while at < len(groups) and len(found) < limit:
        chunk = groups[at : at + limit - len(found)]
        at_first, at = at, at + len(chunk)
        waiting = await still_waiting(gateway.pool, queue, [each[0] for group in chunk for each in group])
        for number, group in enumerate(chunk, at_first):
            members = [(waiting[key], likeness) for key, likeness in group if key in waiting]
            if members:
                found.append(Group(group_id=f"{window['window_id']}.{number}", members=members))
    if at < len(groups):
        return found, Place(window["window_id"], at)
    last = window["last_document_id"]
    return found, None if last is None else Place(after=last)
