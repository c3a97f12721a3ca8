"""How many bytes are in hand at once."""

import asyncio

import pytest

from services.worker.ingest.input_choice import Address, Chosen, Words
from services.worker.ingest.memory_budget import GUESS_BYTES, Budget, weight_of
from tests.unit.worker.builders import blob

MOST = 50_000_000


async def test_no_more_is_held_than_there_is_and_the_first_to_come_is_served_first() -> None:
    budget, order, held = Budget(10), list[int](), 0

    async def use(weight: int) -> None:
        nonlocal held
        async with budget.hold(weight):
            held += weight
            order.append(weight)
            assert held <= 10
            await asyncio.sleep(0.001)
            held -= weight

    weights = [6, 5, 4, 1, 9, 2]
    await asyncio.gather(*(use(weight) for weight in weights))
    assert order == weights


async def test_what_weighs_more_than_everything_is_held_alone() -> None:
    budget = Budget(10)
    async with budget.hold(1):
        large = asyncio.create_task(budget.hold(99).__aenter__())
        await asyncio.sleep(0.001)
        assert not large.done()
    await asyncio.wait_for(large, 60)


async def test_one_who_gives_up_waiting_takes_nothing() -> None:
    budget = Budget(10)
    async with budget.hold(10):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), budget.hold(5):
                raise AssertionError("there was no room")
    async with asyncio.timeout(60), budget.hold(10):
        pass


@pytest.mark.parametrize(
    ("chosen", "weight"),
    [
        (blob(size_bytes=7), 7),
        (blob(size_bytes=None), GUESS_BYTES),
        (blob(size_bytes=None, type="video"), MOST),
        (Address("https://example.org/a.jpg"), GUESS_BYTES),
        (Words("four"), 4),
    ],
)
def test_an_input_weighs_what_it_has_or_may_have(chosen: Chosen, weight: int) -> None:
    assert weight_of(chosen, MOST) == weight
