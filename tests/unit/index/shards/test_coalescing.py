"""Work that many wait for is done once, and never too early."""

import asyncio

import pytest

from services.index.shards.coalescing import CombinedRuns, SingleFlight


async def test_the_same_key_at_the_same_time_runs_once() -> None:
    runs: list[str] = []

    async def work() -> int:
        runs.append("run")
        await asyncio.sleep(0.01)
        return 7

    once = SingleFlight[str, int]()
    assert await asyncio.gather(*(once.run("a", work) for _ in range(5))) == [7] * 5
    assert await once.run("a", work) == 7
    assert len(runs) == 2


async def test_a_caller_that_gives_up_does_not_end_the_run_of_others() -> None:
    async def work() -> int:
        await asyncio.sleep(0.02)
        return 7

    once = SingleFlight[str, int]()
    first = asyncio.create_task(once.run("a", work))
    second = asyncio.create_task(once.run("a", work))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 7


async def test_a_failure_reaches_every_caller_and_is_not_remembered() -> None:
    outcomes = iter([False, True])

    async def work() -> int:
        await asyncio.sleep(0)
        if not next(outcomes):
            raise ValueError("no")
        return 7

    once = SingleFlight[str, int]()
    results = await asyncio.gather(*(once.run("a", work) for _ in range(2)), return_exceptions=True)
    assert [type(result) for result in results] == [ValueError, ValueError]
    assert await once.run("a", work) == 7


async def test_items_given_during_a_run_share_the_next() -> None:
    runs: list[frozenset[int]] = []

    async def work(items: frozenset[int]) -> None:
        runs.append(items)
        await asyncio.sleep(0.01)

    gathering = CombinedRuns(work)
    first = asyncio.create_task(gathering.add([1]))
    await asyncio.sleep(0.005)
    await asyncio.gather(*(gathering.add([item]) for item in range(2, 6)))
    await first
    assert runs == [{1}, {2, 3, 4, 5}]


async def test_no_caller_is_answered_by_a_run_that_began_before_it_asked() -> None:
    seen: set[int] = set()
    committed: set[int] = set()

    async def work(items: frozenset[int]) -> None:
        await asyncio.sleep(0.001)
        seen.update(items & committed)
        await asyncio.sleep(0.001)

    gathering = CombinedRuns(work)

    async def caller(item: int) -> None:
        await asyncio.sleep(item * 0.0003)
        committed.add(item)
        await gathering.add([item])
        assert item in seen

    await asyncio.gather(*map(caller, range(100)))


async def test_a_failed_run_fails_its_callers_only() -> None:
    async def work(items: frozenset[int]) -> None:
        await asyncio.sleep(0)
        if 1 in items:
            raise ValueError("no")

    gathering = CombinedRuns(work)
    with pytest.raises(ValueError, match="no"):
        await gathering.add([1])
    await gathering.add([2])
