"""Events are counted once each, and a trigger fires when it has seen enough of them."""

import asyncio
from typing import Any

from services.common.database.events.outbox import Event, record_all
from services.worker.triggers.event_counter import Counter
from services.worker.triggers.execution_outcomes import Outcomes
from services.worker.triggers.scheduler import Scheduler
from tests.integration.worker.bench import COLLECTION, NAMESPACE, Bench
from tests.integration.worker.triggers.trigger_rows import add_trigger, executions, running_execution, trigger_row
from tests.support.waiting import until


def after(threshold: int, cooldown: int = 0, event_type: str = "documents_added") -> dict[str, Any]:
    return {"event_type": event_type, "event_threshold": threshold, "cooldown_seconds": cooldown}


def told(event_type: str, subject_id: str, payload: dict[str, Any]) -> Event:
    return Event(namespace_id=NAMESPACE, event_type=event_type, subject_id=subject_id, payload=payload)


async def happen(bench: Bench, count: int, event_type: str = "document.created", **payload: Any) -> None:
    """So many events in one transaction."""
    async with bench.pool.acquire() as connection, connection.transaction():
        subjects = [f"doc_{number}" for number in range(count)]
        about = {"collection_id": COLLECTION, **payload}
        await record_all(connection, [told(event_type, subject, about) for subject in subjects])


async def count(bench: Bench) -> None:
    while await Counter(bench.pool).step():
        pass


async def fire(bench: Bench) -> None:
    while await Scheduler(bench.pool).step():
        pass


async def waiting_for(bench: Bench, threshold: int, **other: Any) -> str:
    return await add_trigger(bench.pool, "event", after(threshold, **other), due_in=None)


async def times(bench: Bench, trigger_id: str) -> list[int]:
    return [each["times"] for each in await executions(bench.pool, trigger_id)]


async def test_documents_of_concurrent_uploads_are_counted_exactly(bench: Bench) -> None:
    before = [await bench.upload(b"before %d" % number) for number in range(5)]
    async with bench.services(), bench.worker():
        await bench.settled(*before)
        trigger_id = await waiting_for(bench, 4)
        uploads = [bench.upload(b"content %d" % number) for number in range(14)]
        await bench.settled(*await asyncio.gather(*uploads))

        async def counted() -> bool:
            left: int = (await trigger_row(bench.pool, trigger_id))["event_counter"]
            return 4 * sum(await times(bench, trigger_id)) + left == 14

        await until(counted)

        async def fired() -> bool:
            return sum(await times(bench, trigger_id)) == 3

        await until(fired)
    assert (await trigger_row(bench.pool, trigger_id))["event_counter"] == 2


async def test_events_are_counted_once_by_two_counters_also_when_committed_late(bench: Bench) -> None:
    trigger_id = await waiting_for(bench, 1000)
    async with bench.pool.acquire() as late, late.transaction():
        await record_all(late, [told("document.created", "doc_late", {"collection_id": COLLECTION})])
        await happen(bench, 6)
        await asyncio.gather(*(Counter(bench.pool).step() for _ in range(3)))
    await happen(bench, 3)
    await asyncio.gather(*(count(bench) for _ in range(3)))
    assert (await trigger_row(bench.pool, trigger_id))["event_counter"] == 10


async def test_only_events_of_its_kind_place_and_time_count(bench: Bench) -> None:
    await happen(bench, 5)
    trigger_id = await waiting_for(bench, 100)
    paused = await add_trigger(bench.pool, "event", after(100), due_in=None, status="paused")
    await happen(bench, 2, collection_id="col_other")
    await happen(bench, 2, "document.updated")
    await happen(bench, 3)
    await count(bench)
    assert (await trigger_row(bench.pool, trigger_id))["event_counter"] == 3
    assert (await trigger_row(bench.pool, paused))["event_counter"] == 0


async def test_events_of_objects_count_by_their_bucket(bench: Bench) -> None:
    trigger_id = await waiting_for(bench, 100, event_type="objects_added")
    query = "UPDATE triggers SET watched_ids = ARRAY['bkt_1'] WHERE trigger_id = $1"
    await bench.pool.execute(query, trigger_id)
    await bench.upload(b"one")
    await happen(bench, 4, "object.created", bucket_id="bkt_other")
    await count(bench)
    assert (await trigger_row(bench.pool, trigger_id))["event_counter"] == 1


async def test_it_fires_at_the_threshold_and_counts_anew(bench: Bench) -> None:
    trigger_id = await waiting_for(bench, 3)
    await happen(bench, 2)
    await count(bench)
    await fire(bench)
    assert await times(bench, trigger_id) == []
    await happen(bench, 2)
    await count(bench)
    await fire(bench)
    assert await times(bench, trigger_id) == [1]
    assert (await trigger_row(bench.pool, trigger_id))["event_counter"] == 1


async def test_within_the_cooldown_it_counts_and_fires_once_after_it(bench: Bench) -> None:
    trigger_id = await waiting_for(bench, 2, cooldown=3600)
    for _ in range(2):
        await happen(bench, 5)
        await count(bench)
        await fire(bench)
        await bench.pool.execute("UPDATE tasks SET status = 'COMPLETED'")
        await Outcomes(bench.pool).step()
    assert await times(bench, trigger_id) == [2]
    row = await trigger_row(bench.pool, trigger_id)
    assert (row["next_scheduled_at"] - row["last_cooldown_at"]).total_seconds() == 3600
    query = "UPDATE triggers SET next_scheduled_at = now() WHERE trigger_id = $1"
    await bench.pool.execute(query, trigger_id)
    await fire(bench)
    assert await times(bench, trigger_id) == [2, 3]
    assert (await trigger_row(bench.pool, trigger_id))["event_counter"] == 0


async def test_what_comes_while_it_runs_fires_it_when_that_is_over(bench: Bench) -> None:
    trigger_id = await waiting_for(bench, 2)
    task_id = await running_execution(bench.pool, trigger_id)
    await happen(bench, 5)
    await count(bench)
    await fire(bench)
    assert len(await times(bench, trigger_id)) == 1
    await bench.pool.execute("UPDATE tasks SET status = 'COMPLETED' WHERE task_id = $1", task_id)
    await Outcomes(bench.pool).step()
    await fire(bench)
    assert await times(bench, trigger_id) == [1, 2]
    assert (await trigger_row(bench.pool, trigger_id))["event_counter"] == 1
