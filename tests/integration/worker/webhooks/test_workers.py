"""Workers that share deliveries, stop or die in the middle of them: nothing is lost, and lanes keep their order."""

import asyncio
from collections import defaultdict
from pathlib import Path

from services.common.settings import Settings
from services.worker.webhooks.claim_lanes import Claims
from services.worker.webhooks.delivery_types import Outcome, Release, Result
from services.worker.webhooks.lanes_in_hand import Bounds, Running
from services.worker.webhooks.receiver_health import Limits
from services.worker.webhooks.record_results import Recorder
from tests.integration.worker.ingest.test_durability import KILL_BACKENDS
from tests.integration.worker.processes import start_worker
from tests.integration.worker.webhooks.delivery_bench import DeliveryBench
from tests.integration.worker.webhooks.receivers import Receiver, after, ok, receiving
from tests.support.waiting import until


def first_times(receiver: Receiver) -> dict[str, list[str]]:
    """The events about each subject in the order in which they first came."""
    found: dict[str, list[str]] = defaultdict(list)
    for call in receiver.calls:
        events = found[call.json["subject"]["id"]]
        if call.json["event_id"] not in events:
            events.append(call.json["event_id"])
    return dict(found)


def grouped(subjects: list[str], event_ids: list[str]) -> dict[str, list[str]]:
    """The events of each subject."""
    found = defaultdict(list)
    for subject, event_id in zip(subjects, event_ids, strict=True):
        found[subject].append(event_id)
    return dict(found)


async def called(receiver: Receiver, times: int) -> None:
    """Returns when the receiver was called so often."""

    async def enough() -> bool:
        return len(receiver.calls) >= times

    await until(enough)


async def test_two_workers_send_each_event_once_and_in_order(delivery_bench: DeliveryBench) -> None:
    subjects = [f"obj_{number % 160}" for number in range(400)]
    async with receiving(after(0.01)) as receiver:
        webhook = await delivery_bench.to_url(receiver.url)
        event_ids = await delivery_bench.happen(webhook, subjects)
        async with delivery_bench.deliverer(), delivery_bench.deliverer():
            await delivery_bench.ended(400)
    assert len(receiver.calls) == 400
    assert first_times(receiver) == grouped(subjects, event_ids)
    assert receiver.most_at_once > 8


async def test_a_stop_waits_for_what_is_under_way_and_nothing_is_sent_twice(delivery_bench: DeliveryBench) -> None:
    subjects = [f"obj_{number % 5}" for number in range(30)]
    async with receiving(after(0.3)) as receiver:
        event_ids = await delivery_bench.happen(await delivery_bench.to_url(receiver.url), subjects)
        async with delivery_bench.deliverer():
            await called(receiver, 5)
        sent = len(receiver.calls)
        delivered = [row["event_id"] for row in await delivery_bench.rows() if row["status"] == "delivered"]
        assert sorted(delivered) == sorted(receiver.event_ids)
        assert sent < 30
        receiver.answer = ok
        async with delivery_bench.deliverer():
            await delivery_bench.ended(30)
    assert len(receiver.calls) == 30
    assert first_times(receiver) == grouped(subjects, event_ids)


async def test_lost_database_connections_lose_no_delivery(delivery_bench: DeliveryBench) -> None:
    subjects = [f"obj_{number % 20}" for number in range(200)]
    async with receiving(after(0.01)) as receiver:
        event_ids = await delivery_bench.happen(await delivery_bench.to_url(receiver.url), subjects)
        async with delivery_bench.deliverer():
            for calls in (20, 60):
                await called(receiver, calls)
                await delivery_bench.pool.fetchval(KILL_BACKENDS)
            await delivery_bench.ended(200)
    assert first_times(receiver) == grouped(subjects, event_ids)


async def test_a_worker_that_lost_its_lane_writes_nothing_about_it(delivery_bench: DeliveryBench) -> None:
    webhook = await delivery_bench.to_url("http://127.0.0.1:1/")
    await delivery_bench.happen(webhook, ["obj_1", "obj_1"])
    limits = Limits(failures=50, seconds=60)
    first, second = (Claims(delivery_bench.pool, worker, 0.0) for worker in ("first", "second"))
    [lost] = await first.claim(Running(Bounds()).room())
    [taken] = await second.claim(Running(Bounds()).room())
    assert [each.delivery_id for each in lost.deliveries] == [each.delivery_id for each in taken.deliveries]
    outcome = Outcome(verdict="again", error="lost")
    now = await delivery_bench.pool.fetchval("SELECT now()")
    result = Result(
        lane=lost.lane, delivery_id=lost.deliveries[0].delivery_id, status="failed", outcome=outcome, ended_at=now
    )
    await Recorder(delivery_bench.pool, "first", limits).record([result], [Release(lane=lost.lane)])
    assert {row["status"] for row in await delivery_bench.rows()} == {"pending"}
    await Recorder(delivery_bench.pool, "second", limits).record([result], [Release(lane=taken.lane)])
    assert [row["status"] for row in await delivery_bench.rows()] == ["failed", "pending"]
    assert (await delivery_bench.health(webhook))["consecutive_failures"] == 1


LOCK_LANE = "SELECT FROM delivery_lanes WHERE subject = $1 FOR UPDATE"
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


async def test_giving_lanes_back_and_a_replay_take_turns(delivery_bench: DeliveryBench) -> None:
    webhook = await delivery_bench.to_url("http://127.0.0.1:1/")
    await delivery_bench.happen(webhook, ["a", "b"])
    claims = await Claims(delivery_bench.pool, "worker", 60).claim(Running(Bounds()).room())
    recorder = Recorder(delivery_bench.pool, "worker", Limits(failures=50, seconds=60))
    async with delivery_bench.pool.acquire() as replaying, replaying.transaction():
        await replaying.execute("SELECT FROM webhooks FOR NO KEY UPDATE")
        await replaying.execute(LOCK_LANE, "object/b")
        recording = asyncio.create_task(recorder.record([], [Release(lane=claim.lane) for claim in claims]))
        await until(lambda: delivery_bench.pool.fetchval(WAITING))
        await replaying.execute(LOCK_LANE, "object/a")
    assert await recording == set()


async def test_a_lane_that_is_locked_does_not_keep_others_from_being_renewed(delivery_bench: DeliveryBench) -> None:
    await delivery_bench.happen(await delivery_bench.to_url("http://127.0.0.1:1/"), ["a", "b"])
    claims = Claims(delivery_bench.pool, "worker", 1.0)
    lanes = [claim.lane for claim in await claims.claim(Running(Bounds()).room())]
    before = await delivery_bench.pool.fetch("SELECT due_at FROM delivery_lanes ORDER BY subject")
    async with delivery_bench.pool.acquire() as other, other.transaction():
        await other.execute(LOCK_LANE, "object/a")
        async with asyncio.timeout(60):
            await claims.renew(lanes)
    renewed = await delivery_bench.pool.fetch("SELECT due_at FROM delivery_lanes ORDER BY subject")
    assert [new["due_at"] > old["due_at"] for new, old in zip(renewed, before, strict=True)] == [False, True]


async def test_events_arrive_although_the_worker_is_killed_between_commit_and_delivery(
    delivery_bench: DeliveryBench, tmp_path: Path
) -> None:
    settings = delivery_bench.settings.model_copy(update={"data_dir": tmp_path})
    subjects = [f"obj_{number % 8}" for number in range(80)]
    async with receiving(after(0.1)) as receiver:
        event_ids = await delivery_bench.happen(await delivery_bench.to_url(receiver.url), subjects)
        await kill_while_sending(settings, receiver)
        assert await delivery_bench.pool.fetchval("SELECT count(*) FROM deliveries WHERE status = 'pending'")
        receiver.answer = ok
        worker = await start_worker(settings)
        try:
            rows = await delivery_bench.ended(80, seconds=90)
        finally:
            worker.terminate()
            await worker.wait()
    assert {row["status"] for row in rows} == {"delivered"}
    assert first_times(receiver) == grouped(subjects, event_ids)


async def kill_while_sending(settings: Settings, receiver: Receiver) -> None:
    """A worker process that gets no further than its first calls."""
    worker = await start_worker(settings)
    await called(receiver, 12)
    worker.kill()
    await worker.wait()
