"""The feed of events, read window by window; see `cursors` for what a window is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import asyncpg

from services.common.database.pool import Connection
from services.gateway.events.cursors import NOTHING, Place, foreign_cursor

# What has ended since a window: where its events begin and end by seq.
NEXT = """
    SELECT pg_current_snapshot()::text AS until, extract(epoch FROM now())::bigint AS at,
      pg_snapshot_xmax($1::text::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot()) AS is_ours,
      ({first}) AS first, (SELECT max(seq) FROM events) AS last"""
OLDEST = "SELECT seq FROM events WHERE created_at >= now() - $2::interval ORDER BY seq LIMIT 1"
NEWER = """
    SELECT min(seq) FROM events WHERE xid >= pg_snapshot_xmin($1::text::pg_snapshot)
      AND NOT pg_visible_in_snapshot(xid, $1::text::pg_snapshot)"""
PAGE = """
    SELECT seq, event_id, namespace_id, event_type, subject_type, subject_id, payload, created_at FROM events
    WHERE seq > $1 AND seq <= $2 AND pg_visible_in_snapshot(xid, $4::text::pg_snapshot)
      AND NOT pg_visible_in_snapshot(xid, $3::text::pg_snapshot){where} ORDER BY seq LIMIT $5"""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which events: of these namespaces, None for all, of this type, None for any; from the beginning none older."""

    namespace_ids: Sequence[str] | None
    event_type: str | None
    keep: timedelta


@dataclass(frozen=True, kw_only=True)
class FeedPage:
    """Events, each with where it stands; `end` is where to go on from."""

    rows: Sequence[asyncpg.Record]
    places: Sequence[Place]
    end: Place
    has_more: bool


async def read_feed(connection: Connection, start: Place, wanted: Wanted, limit: int) -> FeedPage:
    """The next events behind a place: the rest of its window, then what has ended since."""
    place, rows, places = start, list[asyncpg.Record](), list[Place]()
    for window in (start, None):
        place = window or await _next_window(connection, place, wanted.keep)
        found = [] if place.is_done else await _page(connection, place, wanted, limit + 1 - len(rows))
        rows += found
        places += [replace(place, after=row["seq"], at=int(row["created_at"].timestamp())) for row in found]
        if len(rows) > limit:
            return FeedPage(rows=rows[:limit], places=places[:limit], end=places[limit - 1], has_more=True)
    return FeedPage(rows=rows, places=places, end=replace(place, after=place.last), has_more=False)


async def _next_window(connection: Connection, place: Place, keep: timedelta) -> Place:
    if place.until == NOTHING:
        row = await connection.fetchrow(NEXT.format(first=OLDEST), place.until, keep)
    else:
        row = await connection.fetchrow(NEXT.format(first=NEWER), place.until)
    assert row is not None
    if not row["is_ours"]:
        raise foreign_cursor()
    if row["first"] is None:
        return replace(place, since=place.until, until=row["until"], after=0, last=0, at=row["at"])
    return Place(since=place.until, until=row["until"], after=row["first"] - 1, last=row["last"], at=row["at"])


async def _page(connection: Connection, place: Place, wanted: Wanted, limit: int) -> list[asyncpg.Record]:
    window = (place.after, place.last, place.since, place.until, limit)
    where, values = _only(wanted)
    return await connection.fetch(PAGE.format(where=where), *window, *values)


def _only(wanted: Wanted) -> tuple[str, list[object]]:
    """Conditions after the five values of PAGE, and their values; an index is in order of one namespace at a time."""
    names, values = wanted.namespace_ids, list[object]()
    where = ""
    if names is not None:
        values.append(names[0] if len(names) == 1 else names)
        where += " AND namespace_id = " + ("$6" if len(names) == 1 else "ANY($6)")
    if wanted.event_type is not None:
        values.append(wanted.event_type)
        where += f" AND event_type = ${5 + len(values)}"
    return where, values
