"""The worker's part in deliveries: claims lanes, sends what is in them side by side, records what came of it."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import structlog

from services.common.database.pool import Pool
from services.common.ids import new_id
from services.common.settings import Settings
from services.worker.webhooks.channels.send import Sender, open_sender
from services.worker.webhooks.claim_lanes import DOUBTFUL_AFTER, Claims
from services.worker.webhooks.delivery_retries import settle
from services.worker.webhooks.delivery_types import Claim, Delivery, Release, Result
from services.worker.webhooks.lanes_in_hand import Bounds, Running
from services.worker.webhooks.receiver_health import Limits
from services.worker.webhooks.record_results import Recorder

LOOK_SECONDS = 0.2
GATHER_SECONDS = 0.01
log = structlog.get_logger()
LEASE_SECONDS = 6.0


class Deliverer:
    """Delivers at least once: what was sent and not recorded is sent again, with the same event id."""

    def __init__(
        self,
        claims: Claims,
        recorder: Recorder,
        sender: Sender,
        *,
        table: Sequence[float],
        lease_seconds: float,
        drain_seconds: float,
        bounds: Bounds | None = None,
    ) -> None:
        self._claims = claims
        self._recorder = recorder
        self._sender = sender
        self._table = tuple(table)
        self._renew_seconds = lease_seconds / 4
        self._drain_seconds = drain_seconds
        self._bounds = bounds or Bounds()
        self._running = Running(self._bounds)
        self._tasks: set[asyncio.Task[None]] = set()
        self._results: list[Result] = []
        self._releases: list[Release] = []
        self._ended = asyncio.Event()
        self._renewed = time.monotonic()

    async def step(self) -> bool:
        """Starts what there is room for, and records what has ended; True while anything is under way.

        When it is cancelled, requests under way may end within `drain_seconds`, and what came of them is recorded.
        """
        try:
            return await self._turn()
        except asyncio.CancelledError:
            await self._drain()
            raise

    async def _turn(self) -> bool:
        await self._record()
        await self._renew()
        for claim in await self._claims.claim(self._running.room()):
            self._start(claim)
        if self._tasks:
            await self._wait()
        return bool(self._tasks or self._results or self._releases)

    def _start(self, claim: Claim) -> None:
        if self._running.add(claim):
            task = asyncio.create_task(self._run(claim))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _wait(self) -> None:
        """Until something has ended, and a moment for more of it, but not for long: other lanes may be due."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), LOOK_SECONDS)
        await asyncio.sleep(GATHER_SECONDS)

    async def _run(self, claim: Claim) -> None:
        """Sends a lane's deliveries one after another, up to the first that is to be tried again."""
        until = time.monotonic() + self._bounds.run_seconds
        wait_seconds, is_failing = 0.0, False
        try:
            for delivery in claim.deliveries:
                async with self._running.turn(claim.lane):
                    if claim.is_halted or time.monotonic() > until:
                        break
                    result = await self._attempt(claim, delivery)
                is_failing = result.status == "pending"
                if is_failing:
                    wait_seconds = result.wait_seconds
                    break
        finally:
            self._running.remove(claim.lane)
            self._releases.append(Release(lane=claim.lane, wait_seconds=wait_seconds, is_failing=is_failing))
            self._ended.set()

    async def _attempt(self, claim: Claim, delivery: Delivery) -> Result:
        outcome = await self._sender.send(claim.target, delivery)
        chance = random.random()  # noqa: S311
        status, wait_seconds = settle(outcome, delivery.attempts + 1, self._table, chance)
        result = Result(
            lane=claim.lane,
            delivery_id=delivery.delivery_id,
            status=status,
            outcome=outcome,
            ended_at=datetime.now(UTC),
            wait_seconds=wait_seconds,
        )
        self._results.append(result)
        self._ended.set()
        if outcome.wait_seconds:
            self._running.hold(claim.lane.place)
        if outcome.is_gone:
            self._running.halt({claim.lane.place.receiver})
        failed = outcome.blames and outcome.verdict in ("again", "over")
        self._running.count(claim.lane.place, failed=failed, most=DOUBTFUL_AFTER)
        return result

    async def _record(self) -> None:
        """Writes down what has ended; it is kept until that succeeds."""
        self._ended.clear()
        results, releases = list(self._results), list(self._releases)
        if results or releases:
            closed = await self._recorder.record(results, releases)
            del self._results[: len(results)]
            del self._releases[: len(releases)]
            self._running.unhold(result.lane.place for result in results if result.outcome.wait_seconds)
            self._running.halt(closed)

    async def _renew(self) -> None:
        if time.monotonic() - self._renewed >= self._renew_seconds:
            await self._claims.renew(self._running.lanes)
            self._renewed = time.monotonic()

    async def _drain(self) -> None:
        self._running.halt({lane.place.receiver for lane in self._running.lanes})
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._drain_seconds)
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await self._record()
        except Exception:  # they are sent again, which receivers are told to expect
            log.exception("deliveries not recorded", results=len(self._results))


@asynccontextmanager
async def open_deliverer(settings: Settings, pool: Pool) -> AsyncIterator[Deliverer]:
    """A deliverer of its own name among workers."""
    worker = new_id("wrk", 16)
    limits = Limits(failures=settings.webhook_pause_failures, seconds=settings.webhook_pause_seconds)
    async with open_sender(settings) as sender:
        yield Deliverer(
            Claims(pool, worker, LEASE_SECONDS),
            Recorder(pool, worker, limits),
            sender,
            table=settings.webhook_retry_seconds,
            lease_seconds=LEASE_SECONDS,
            drain_seconds=settings.drain_seconds,
        )
