"""Finding the lanes that are due, making them this worker's, and keeping them while it works on them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from asyncpg import Record

from services.common.database.pool import Connection, Pool
from services.worker.webhooks.delivery_types import Claim, Delivery, Event, Lane, Place
from services.worker.webhooks.targets import read_targets

# After so many failures in a row a webhook is told of one thing at a time.
DOUBTFUL_AFTER = 3
RUN = 10
# The first part finds the places that have lanes by skipping from one to the next in the index. The last part goes
# straight to the rows: a join by their keys reads all lanes where there are many, several times a second.
CLAIM = """
    WITH RECURSIVE places AS (
      (SELECT receiver, channel FROM delivery_lanes ORDER BY receiver, channel LIMIT 1)
      UNION ALL
      SELECT following.receiver, following.channel FROM places p CROSS JOIN LATERAL (
        SELECT l.receiver, l.channel FROM delivery_lanes l
        WHERE (l.receiver, l.channel) > (p.receiver, p.channel) ORDER BY l.receiver, l.channel LIMIT 1) following
    ), rooms AS (
      SELECT p.receiver, p.channel, coalesce(w.consecutive_failures >= $1::int, false) AS is_doubtful,
             CASE WHEN w.consecutive_failures >= $1 THEN 1 ELSE $2::int END - coalesce(taken.lanes, 0) AS lanes
      FROM places p
      LEFT JOIN webhooks w ON w.webhook_id = p.receiver
      LEFT JOIN unnest($3::text[], $4::int[], $5::int[]) AS taken (receiver, channel, lanes)
        ON taken.receiver = p.receiver AND taken.channel = p.channel
      LEFT JOIN delivery_holds h ON h.receiver = p.receiver AND h.channel = p.channel AND h.until > now()
      WHERE h.receiver IS NULL AND (w.webhook_id IS NULL OR (w.is_active AND w.paused_at IS NULL))
    ), due AS (
      SELECT found.*, r.is_doubtful OR found.failing AS is_doubtful FROM rooms r CROSS JOIN LATERAL (
        SELECT l.ctid AS tuple, l.receiver, l.channel, l.subject, l.due_at, l.failing FROM delivery_lanes l
        WHERE l.receiver = r.receiver AND l.channel = r.channel AND l.due_at <= now()
        ORDER BY l.due_at LIMIT greatest(r.lanes, 0) FOR UPDATE SKIP LOCKED) found
    ), chosen AS (
      SELECT ranked.* FROM (
        SELECT due.*, row_number() OVER (PARTITION BY is_doubtful ORDER BY due_at) AS place FROM due) ranked
      WHERE place <= CASE WHEN is_doubtful THEN $6::int ELSE $7::int END
    )
    UPDATE delivery_lanes l SET claimed_by = $8, due_at = now() + make_interval(secs => $9)
    WHERE l.ctid = ANY(ARRAY(SELECT c.tuple FROM chosen c))
    RETURNING l.receiver, l.channel, l.subject, (l.receiver, l.channel, l.subject) IN (
      SELECT c.receiver, c.channel, c.subject FROM chosen c WHERE c.is_doubtful) AS is_doubtful"""
NEXT = """
    SELECT l.receiver, l.channel, l.subject, d.delivery_id, d.attempts, e.event_id, e.event_type, e.namespace_id,
           e.created_at AS occurred_at, e.subject_type, e.subject_id, e.payload
    FROM unnest($1::text[], $2::int[], $3::text[]) AS l (receiver, channel, subject)
    CROSS JOIN LATERAL (
      SELECT * FROM deliveries d WHERE coalesce(d.webhook_id, d.alert_id) = l.receiver AND d.channel = l.channel
        AND d.subject = l.subject AND d.status = 'pending' ORDER BY d.seq, d.row_key LIMIT $4) d
    JOIN events e ON e.event_id = d.event_id
    ORDER BY l.receiver, l.channel, l.subject, d.seq, d.row_key"""
# A lane that somebody has locked is renewed the next time: waiting for it here, others could wait for those that are.
RENEW = """
    WITH free AS (
      SELECT l.receiver, l.channel, l.subject
      FROM unnest($1::text[], $2::int[], $3::text[]) AS mine (receiver, channel, subject)
      JOIN delivery_lanes l USING (receiver, channel, subject)
      WHERE l.claimed_by = $4 FOR UPDATE OF l SKIP LOCKED)
    UPDATE delivery_lanes l SET due_at = now() + make_interval(secs => $5) FROM free
    WHERE l.receiver = free.receiver AND l.channel = free.channel AND l.subject = free.subject"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many more lanes a worker takes: in all, of those that fail, and at one place, where it has `taken` some."""

    lanes: int
    doubtful: int
    at_place: int
    taken: Mapping[Place, int]


class Claims:
    """The lanes of one worker, which it has for `lease_seconds` unless it renews them."""

    def __init__(self, pool: Pool, worker: str, lease_seconds: float) -> None:
        self._pool = pool
        self._worker = worker
        self._lease_seconds = lease_seconds

    async def claim(self, room: Room) -> list[Claim]:
        """Lanes that are due, with what is to be sent next in each; those without anything left come empty."""
        places = list(room.taken)
        async with self._pool.acquire() as connection, connection.transaction():
            # A claim that a crash of the database takes back does no harm.
            await connection.execute("SET LOCAL synchronous_commit = off")
            rows = await connection.fetch(
                CLAIM,
                DOUBTFUL_AFTER,
                room.at_place,
                [place.receiver for place in places],
                [place.channel for place in places],
                list(room.taken.values()),
                room.doubtful,
                room.lanes,
                self._worker,
                self._lease_seconds,
            )
            lanes = {lane_of(row): bool(row["is_doubtful"]) for row in rows}
            return await _filled(connection, lanes) if lanes else []

    async def renew(self, lanes: Collection[Lane]) -> None:
        """Keeps these lanes for another lease."""
        await self._pool.execute(RENEW, *columns(lanes), self._worker, self._lease_seconds)


async def _filled(connection: Connection, lanes: Mapping[Lane, bool]) -> list[Claim]:
    targets = await read_targets(connection, {lane.place for lane in lanes})
    rows = await connection.fetch(NEXT, *columns(lanes), RUN)
    deliveries = {lane: [_delivery(row) for row in group] for lane, group in groupby(rows, key=lane_of)}
    return [
        Claim(lane=lane, target=targets.get(lane.place), deliveries=deliveries.get(lane, []), is_doubtful=is_doubtful)
        for lane, is_doubtful in lanes.items()
    ]


def lane_of(row: Record) -> Lane:
    """The lane that a row names."""
    return Lane(place=Place(receiver=row["receiver"], channel=row["channel"]), subject=row["subject"])


def columns(lanes: Iterable[Lane]) -> tuple[Sequence[str], Sequence[int], Sequence[str]]:
    """The keys of lanes, as three arrays."""
    keys = [lane.key for lane in lanes]
    return [key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys]


def _delivery(row: Record) -> Delivery:
    names = ("event_id", "event_type", "namespace_id", "occurred_at", "subject_type", "subject_id", "payload")
    event = Event(**{name: row[name] for name in names})
    return Delivery(delivery_id=row["delivery_id"], attempts=row["attempts"], event=event)
