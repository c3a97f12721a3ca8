"""Items that come together travel together, each gets its own result, and calls do not wait for each other."""

import asyncio
from collections.abc import Sequence

import pytest

from services.worker.kit.joint_calls import JointCalls


class Recorder:
    """Doubles numbers, and remembers what came together."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.gate = asyncio.Event()

    async def send(self, items: Sequence[int]) -> list[int]:
        self.calls.append(list(items))
        await self.gate.wait()
        if 13 in items:
            raise ValueError("thirteen")
        return [2 * item for item in items]


async def test_items_share_calls_of_at_most_the_size_and_get_their_own_results() -> None:
    recorder = Recorder()
    recorder.gate.set()
    grouper = JointCalls(recorder.send, size=4, linger=0.001)
    assert await asyncio.gather(*(grouper.submit("a", item) for item in range(10))) == [2 * n for n in range(10)]
    assert recorder.calls == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


async def test_keys_do_not_mix() -> None:
    recorder = Recorder()
    recorder.gate.set()
    grouper = JointCalls(recorder.send, size=4, linger=0.001)
    await asyncio.gather(*(grouper.submit(item % 2, item) for item in range(6)))
    assert sorted(recorder.calls) == [[0, 2, 4], [1, 3, 5]]


async def test_a_call_does_not_wait_for_the_one_before() -> None:
    recorder = Recorder()
    grouper = JointCalls(recorder.send, size=2, linger=0.001)
    waiting = [asyncio.ensure_future(grouper.submit("a", item)) for item in range(4)]
    while len(recorder.calls) < 2:
        await asyncio.sleep(0)
    recorder.gate.set()
    assert await asyncio.gather(*waiting) == [0, 2, 4, 6]


async def test_an_error_reaches_those_of_its_call_and_nobody_else() -> None:
    recorder = Recorder()
    recorder.gate.set()
    grouper = JointCalls(recorder.send, size=2, linger=0.001)
    results = await asyncio.gather(*(grouper.submit("a", item) for item in (12, 13, 14)), return_exceptions=True)
    assert isinstance(results[0], ValueError)
    assert isinstance(results[1], ValueError)
    assert results[2] == 28


async def test_one_that_is_cancelled_leaves_the_others_their_results() -> None:
    recorder = Recorder()
    grouper = JointCalls(recorder.send, size=2, linger=0.001)
    first, second = (asyncio.ensure_future(grouper.submit("a", item)) for item in (1, 2))
    while not recorder.calls:
        await asyncio.sleep(0)
    first.cancel()
    recorder.gate.set()
    assert await second == 4
    with pytest.raises(asyncio.CancelledError):
        await first
