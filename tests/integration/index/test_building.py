"""What changes while a shard or a view is being read is in it when it is published."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from services.common.database.pool import Pool
from services.common.settings import Settings
from services.index.domain import CollectionId, DocumentId, FeatureUri, NamespaceId, ShardKey
from services.index.shards import database
from services.index.shards.engine import Engine
from services.index.shards.stored_vectors import StoredVector
from services.index.shards.view import View, read_filter
from tests.property.invariants import index_equals_database, views_equal_filters
from tests.support.index.corpus import Corpus, unit_vectors
from tests.support.index.index_client import LABELLED
from tests.support.tutorial.option_a import SLOT

KEY = ShardKey(NamespaceId("ns_a"), CollectionId("col_a"), FeatureUri(SLOT))
IDS = [f"doc_{at:02}" for at in range(40)]


class Gate:
    """Stops a reading after it has read, until the test lets it go on."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()

    async def passed(self) -> None:
        self.reached.set()
        await self.open.wait()


async def change_everything(corpus: Corpus, engine: Engine) -> None:
    await corpus.label(IDS[0], None)
    await corpus.label(IDS[31], "cat")
    await corpus.replace(IDS[1], unit_vectors(1, seed=5)[0])
    await corpus.delete(IDS[2])
    await corpus.add(["doc_new"], unit_vectors(1, seed=6), ["cat"])
    await engine.refresh(map(DocumentId, [IDS[0], IDS[1], IDS[2], IDS[31], "doc_new"]))


@pytest.fixture
async def engine(pool: Pool, corpus: Corpus, settings: Settings) -> Engine:
    await corpus.add(IDS, unit_vectors(40), ["cat"] * 30 + [None] * 10)
    return Engine(pool, settings.index_exact_limit)


def gated(read: Callable[..., Awaitable[Any]], gate: Gate) -> Callable[..., Awaitable[Any]]:
    async def wrapped(*arguments: Any) -> Any:
        result = await read(*arguments)
        await gate.passed()
        return result

    return wrapped


async def build(engine: Engine, filter_json: str) -> View:
    shard = await engine.shard(KEY)
    assert shard is not None
    return await engine.view(shard, *read_filter(filter_json))


async def test_changes_during_the_building_of_a_view(
    engine: Engine, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    await engine.shard(KEY)
    gate = Gate()
    monkeypatch.setattr(database, "read_members", gated(database.read_members, gate))
    building = asyncio.create_task(build(engine, LABELLED))
    await gate.reached.wait()
    await change_everything(corpus, engine)
    gate.open.set()
    assert len((await building).space) == 30
    monkeypatch.undo()
    await views_equal_filters(engine, corpus.db)


async def test_a_view_begun_in_the_middle_of_a_refresh(
    engine: Engine, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    await engine.shard(KEY)
    gate = Gate()
    monkeypatch.setattr(database, "read_documents", gated(database.read_documents, gate))
    refreshing = asyncio.create_task(change_everything(corpus, engine))
    await gate.reached.wait()
    building = asyncio.create_task(build(engine, LABELLED))
    await asyncio.sleep(0.05)
    gate.open.set()
    await asyncio.gather(refreshing, building)
    await views_equal_filters(engine, corpus.db)


async def test_other_views_are_searched_while_one_is_built(
    engine: Engine, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = await build(engine, LABELLED)
    gate = Gate()
    monkeypatch.setattr(database, "read_members", gated(database.read_members, gate))
    building = asyncio.create_task(build(engine, '{"field":"label","operator":"eq","value":"cat"}'))
    await gate.reached.wait()
    assert await build(engine, LABELLED) is held
    await change_everything(corpus, engine)
    assert len(held.space) == 30
    assert not building.done()
    gate.open.set()
    await building


async def test_changes_during_the_reading_of_a_shard(
    engine: Engine, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    read_shard = database.read_shard

    async def pages(*arguments: Any) -> AsyncIterator[list[StoredVector]]:
        async for page in read_shard(*arguments):
            await gate.passed()
            yield page

    monkeypatch.setattr(database, "read_shard", pages)
    loading = asyncio.create_task(engine.load(KEY))
    await gate.reached.wait()
    changing = asyncio.create_task(change_everything(corpus, engine))
    await asyncio.sleep(0.1)
    gate.open.set()
    await asyncio.gather(loading, changing)
    await index_equals_database(engine, corpus.db)
