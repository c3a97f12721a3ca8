"""Whatever is done to batches and their objects at once, each object is in exactly one state, and none is lost."""

import asyncio
import random

import pytest

from services.common.database.batches.batch_objects import tallies
from services.common.database.batches.lifecycle import (
    NewBatch,
    add_objects,
    back_to_draft,
    cancel_batch,
    create_batch,
    submit_batch,
)
from services.common.database.pool import Pool
from services.common.errors import LikenessError
from services.gateway.objects.creation.store import NewBlob, NewObject, create_object
from tests.support.index.corpus import Corpus

COLLECTIONS = ("col_a", "col_b")
NAMESPACE, BUCKET = "ns_a", "bkt_ns_a"
OBJECTS, BATCHES, STEPS = 12, 4, 60


class World:
    """A bucket with two collections, objects and batches, and all that may happen to them."""

    def __init__(self, pool: Pool, seed: int) -> None:
        self.pool = pool
        self.choose = random.Random(seed)
        self.objects: list[str] = []
        self.batches: list[str] = []

    async def create(self) -> "World":
        for collection_id in COLLECTIONS:
            await Corpus(self.pool, collection_id, NAMESPACE).create()
        blob = NewBlob(property="image", type="image", source_url="https://h/x.jpg")
        for _ in range(OBJECTS):
            new = NewObject(
                namespace_id=NAMESPACE,
                bucket_id=BUCKET,
                key_prefix=None,
                fields={},
                blobs=[blob],
                process=self.choose.random() < 0.3,
            )
            self.objects.append((await create_object(self.pool, new)).object_id)
        for _ in range(BATCHES):
            await self._draft()
        return self

    async def _draft(self) -> None:
        strategy = self.choose.choice(["skip", "replace", "force"])
        async with self.pool.acquire() as connection, connection.transaction():
            new = NewBatch(
                namespace_id=NAMESPACE, bucket_id=BUCKET, collection_ids=[], dedup_strategy=strategy, metadata={}
            )
            self.batches.append(await create_batch(connection, new))
            await add_objects(connection, self.batches[-1], self.choose.sample(self.objects, 6))

    async def step(self) -> None:
        """One thing happens; what may not be done in a status is refused and changes nothing."""
        batch_id, action = self.choose.choice(self.batches), self.choose.random()
        try:
            if action < 0.35:
                await self._work()
            elif action < 0.4:
                await self.pool.execute("DELETE FROM objects WHERE object_id = $1", self.choose.choice(self.objects))
            else:
                await self._change(batch_id, action)
        except LikenessError:
            return

    async def _change(self, batch_id: str, action: float) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            if action < 0.75:
                await submit_batch(connection, batch_id, COLLECTIONS)
            elif action < 0.9:
                await cancel_batch(connection, batch_id)
            else:
                await back_to_draft(connection, batch_id)

    async def _work(self) -> None:
        """A record begins or ends, as the worker does it."""
        object_id, collection_id = self.choose.choice(self.objects), self.choose.choice(COLLECTIONS)
        begin = """UPDATE processing SET status = 'PROCESSING'
                   WHERE object_id = $1 AND collection_id = $2 AND status = 'PENDING' RETURNING true"""
        if not await self.pool.fetchval(begin, object_id, collection_id):
            status = self.choose.choice(["COMPLETED", "FAILED"])
            await self.pool.fetch(
                "SELECT * FROM end_processing($1, $2, $3, $4)", [object_id], [collection_id], status, "BAD: it is"
            )

    async def assert_all_accounted(self) -> None:
        query = "SELECT batch_id, count(*) AS count FROM batch_objects JOIN batches USING (batch_id) {} GROUP BY 1"
        rows = await self.pool.fetch(query.format("WHERE status <> 'DRAFT'"))
        found = await tallies(self.pool, [row["batch_id"] for row in rows])
        for row in rows:
            tally = found[row["batch_id"]]
            assert (tally.total, tally.lost, tally.is_balanced) == (row["count"], 0, True)


@pytest.mark.parametrize("seed", range(4))
async def test_every_object_of_every_batch_is_accounted_for(pool: Pool, seed: int) -> None:
    world = await World(pool, seed).create()
    for _ in range(STEPS // 4):
        await asyncio.gather(*(world.step() for _ in range(4)))
        await world.assert_all_accounted()
