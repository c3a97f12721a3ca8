"""Items that come together are flushed together."""

import asyncio
from collections.abc import Sequence

import pytest

from services.worker.kit.group_commit import GroupCommit


class Flushes:
    """A flush that doubles numbers, refuses 13, and remembers what it was given."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    async def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        await asyncio.sleep(0)
        if 13 in items:
            raise ValueError("13")
        return [2 * item for item in items]


def batcher(flush: Flushes, size: int = 4, linger: float = 0.0) -> GroupCommit[int, int]:
    return GroupCommit(flush, size=size, linger=lambda: linger)


async def test_each_item_gets_its_own_result() -> None:
    batch = batcher(Flushes())
    assert await asyncio.gather(*(batch.submit(number) for number in range(10))) == [2 * n for n in range(10)]


async def test_batches_are_full_and_in_order() -> None:
    flush = Flushes()
    batch = batcher(flush, linger=60)
    await asyncio.gather(*(batch.submit(number) for number in range(8)))
    assert flush.batches == [[0, 1, 2, 3], [4, 5, 6, 7]]


async def test_a_batch_that_is_not_full_goes_after_its_linger() -> None:
    flush = Flushes()
    batch = batcher(flush, linger=0.01)
    results = list(await asyncio.gather(batch.submit(1), batch.submit(2)))
    assert results == [2, 4]
    assert flush.batches == [[1, 2]]


async def test_one_bad_item_does_not_fail_the_others() -> None:
    batch = batcher(Flushes(), linger=60)
    results = await asyncio.gather(*(batch.submit(n) for n in (1, 13, 3, 4)), return_exceptions=True)
    assert isinstance(results[1], ValueError)
    assert [results[0], *results[2:]] == [2, 6, 8]


async def test_an_item_whose_caller_is_gone_harms_nobody() -> None:
    batch = batcher(Flushes(), linger=0.01)
    gone = asyncio.create_task(batch.submit(1))
    stays = asyncio.create_task(batch.submit(2))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == 4
    with pytest.raises(asyncio.CancelledError):
        await gone
