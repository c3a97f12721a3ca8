"""A space switches between exact search and graph without losing a vector or a search."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from services.index.domain import RowKey, unit
from services.index.vectors.exact_block import Block
from services.index.vectors.hnsw_graph import Graph
from services.index.vectors.vector_space import Space
from tests.support.index.corpus import unit_vectors

LIMIT = 500


@pytest.fixture
def space() -> Space:
    return Space(Block(32), LIMIT)


def keys(start: int, stop: int) -> list[RowKey]:
    return list(map(RowKey, range(start, stop)))


async def best(space: Space, query: np.ndarray[tuple[int], np.dtype[np.float16]]) -> int:
    [found] = await space.search(unit(query)[None], 1)
    return int(found.keys[found.scores.argmax()])


async def test_it_becomes_a_graph_above_the_limit_and_a_block_far_below(space: Space) -> None:
    vectors = unit_vectors(LIMIT + 1)
    await space.put(keys(0, LIMIT), vectors[:LIMIT])
    await space.maintain()
    assert space.mode == "exact"
    await space.put(keys(LIMIT, LIMIT + 1), vectors[LIMIT:])
    await space.maintain()
    assert space.mode == "hnsw"
    np.testing.assert_array_equal(await space.get(keys(0, LIMIT + 1)), vectors)
    await space.remove(keys(100, LIMIT + 1))
    await space.maintain()
    assert space.mode == "exact"
    np.testing.assert_array_equal(await space.get(keys(0, 100)), vectors[:100])


async def test_changes_during_the_switch_are_kept(space: Space) -> None:
    old, new = unit_vectors(3000), unit_vectors(3000, seed=1)
    await space.put(keys(0, 3000), old)
    switch = asyncio.create_task(space.maintain())
    for start in range(0, 3000, 100):
        await space.put(keys(start, start + 50), new[start : start + 50])
        await space.remove(keys(start + 50, start + 60))
        await asyncio.sleep(0.001)
        assert await best(space, new[start]) == start
    await switch
    assert space.mode == "hnsw"
    assert len(space) == 2700
    for start in range(0, 3000, 100):
        np.testing.assert_array_equal(await space.get(keys(start, start + 50)), new[start : start + 50])
        assert all(key not in space for key in keys(start + 50, start + 60))


async def test_searches_and_changes_at_once_never_mix_up_vectors(space: Space) -> None:
    vectors = unit_vectors(20_000)
    await space.put(keys(0, 20_000), vectors)

    async def churn() -> None:
        for start in range(0, 10_000, 500):
            await space.remove(keys(start, start + 500))
            await asyncio.sleep(0)
            await space.put(keys(start, start + 500), vectors[start : start + 500])

    async def ask(row: int) -> None:
        queries = np.stack([unit(vectors[row])] * 20)
        for found in await space.search(queries, 1):
            assert found.keys[found.scores.argmax()] == row

    await asyncio.gather(churn(), *(ask(row) for row in range(10_000, 20_000, 250)))


async def test_a_graph_that_has_changed_much_is_probed_and_still_right(space: Space) -> None:
    await space.put(keys(0, 2000), unit_vectors(2000))
    await space.maintain()
    new = unit_vectors(2000, seed=1)
    await space.put(keys(0, 2000), new)
    await space.maintain()
    assert [await best(space, new[row]) for row in range(0, 2000, 100)] == list(range(0, 2000, 100))


async def test_putting_what_is_there_is_no_change(space: Space) -> None:
    await space.put(keys(0, 10), unit_vectors(10))
    before = space.changes
    await space.put(keys(0, 10), unit_vectors(10))
    assert space.changes == before


async def test_saving_sees_the_store_that_is_in_use(space: Space, tmp_path: Path) -> None:
    seen: list[Block | Graph] = []
    await space.put(keys(0, LIMIT + 1), unit_vectors(LIMIT + 1))
    await space.save(lambda store, folder: seen.append(store), tmp_path)
    await space.maintain()
    await space.save(lambda store, folder: seen.append(store), tmp_path)
    assert [store.mode for store in seen] == ["exact", "hnsw"]


async def test_vectors_that_defeat_a_graph_stay_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.index.vectors.vector_space.EXPANSIONS", (2,))
    space = Space(Block(256), LIMIT)
    vectors = unit_vectors(6000, 256)
    await space.put(keys(0, 6000), vectors)
    await space.maintain()
    assert space.mode == "exact"
    assert [await best(space, vectors[row]) for row in range(0, 6000, 1200)] == list(range(0, 6000, 1200))


async def test_a_search_is_widened_until_the_recall_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.index.vectors.vector_space.EXPANSIONS", (2, 512, 1024))
    space = Space(Block(256), LIMIT)
    await space.put(keys(0, 6000), unit_vectors(6000, 256))
    await space.maintain()
    assert (space.mode, space.expansion) == ("hnsw", 512)


async def test_a_worn_graph_that_cannot_be_mended_becomes_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    space = Space(Block(256), LIMIT)
    await space.put(keys(0, 6000), unit_vectors(6000, 256))
    await space.maintain()
    assert space.mode == "hnsw"
    monkeypatch.setattr("services.index.vectors.vector_space.EXPANSIONS", (2,))
    await space.put(keys(0, 3000), unit_vectors(3000, 256, seed=1))
    await space.maintain()
    assert space.mode == "exact"
    np.testing.assert_array_equal(await space.get(keys(0, 3000)), unit_vectors(3000, 256, seed=1))
