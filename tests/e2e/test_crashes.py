"""kill -9 of a service or of PostgreSQL in the middle of uploads: what was acknowledged is there, once."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest

from likeness.index.v1.index_pb2 import FingerprintRequest
from likeness.index.v1.index_service_pb2_grpc import IndexServiceStub
from services.common.grpc.client import call, open_channel
from tests.e2e.api import Api, create_unified
from tests.support.database_fingerprint import database_fingerprint
from tests.support.media.pictures import data_uri, noise_jpeg
from tests.support.running_stack import Stack
from tests.support.tutorial.option_a import upload_body

UPLOADS = 300
AT_ONCE = 6
VICTIMS = ("worker", "extractor", "index", "postgres")
AHEAD = 40
BETWEEN_KILLS = 50
SETTLE_SECONDS = 240.0
GOOD = ("COMPLETED", 1, 1)
PENDING = "SELECT count(*) FROM objects WHERE bucket_id = $1 AND status NOT IN ('COMPLETED', 'FAILED')"
DOCUMENTS = "SELECT count(*) FROM documents WHERE bucket_id = $1"
COUNTS = """
    SELECT o.object_id, o.status, o.error, count(DISTINCT d.document_id) AS documents, count(e.document_id) AS vectors
    FROM objects o LEFT JOIN documents d USING (object_id) LEFT JOIN embeddings e USING (document_id)
    WHERE o.bucket_id = $1 GROUP BY o.object_id"""


@asynccontextmanager
async def connected(stack: Stack) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(stack.endpoint("database_url"))
    try:
        yield connection
    finally:
        await connection.close()


class Progress:
    """How many uploads are acknowledged, and how many of them have their document."""

    def __init__(self) -> None:
        self.acknowledged: set[str] = set()
        self.documents = 0

    async def follow(self, stack: Stack, bucket_id: str) -> None:
        """Keeps `documents` up to date; runs until cancelled."""
        while True:
            # Nothing can be counted while PostgreSQL starts again.
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                async with connected(stack) as connection:
                    self.documents = await connection.fetchval(DOCUMENTS, bucket_id)
            await asyncio.sleep(0.05)


async def upload_all(stack: Stack, bucket_id: str, progress: Progress) -> None:
    """Uploads different images, each until it is acknowledged, never far ahead of the documents."""
    numbers = iter(range(UPLOADS))

    async def uploader(client: httpx.AsyncClient) -> None:
        for number in numbers:
            while len(progress.acknowledged) - progress.documents > AHEAD:
                await asyncio.sleep(0.02)
            progress.acknowledged.add(await upload_one(client, bucket_id, number))

    headers = {"Authorization": f"Bearer {stack.key}"}
    async with httpx.AsyncClient(base_url=f"{stack.url}/v1", headers=headers, timeout=60, trust_env=False) as client:
        await asyncio.gather(*(uploader(client) for _ in range(AT_ONCE)))


async def kill_in_turn(stack: Stack, progress: Progress) -> None:
    """Kills each victim when some more documents have been made."""
    for number, victim in enumerate(VICTIMS, start=1):
        while progress.documents < BETWEEN_KILLS * number:
            await asyncio.sleep(0.02)
        assert len(progress.acknowledged) < UPLOADS
        os.kill(stack.processes()[victim], signal.SIGKILL)


async def upload_one(client: httpx.AsyncClient, bucket: str, number: int) -> str:
    body = upload_body(data_uri(noise_jpeg(number))) | {"idempotency_key": f"upload {number}"}
    async with asyncio.timeout(SETTLE_SECONDS):
        while True:
            try:
                answer = await client.post(f"/buckets/{bucket}/objects", json=body)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 200:
                return str(answer.json()["object_id"])
            # While a part of the stack is down an upload may be refused, but only as a fault of ours.
            assert answer is None or answer.status_code >= 500, answer.text
            await asyncio.sleep(0.1)


async def settled(stack: Stack, bucket_id: str) -> None:
    async with asyncio.timeout(SETTLE_SECONDS):
        while True:
            async with connected(stack) as connection:
                if await connection.fetchval(PENDING, bucket_id) == 0:
                    return
            await asyncio.sleep(0.2)


async def index_fingerprint(stack: Stack) -> dict[tuple[str, str, str], tuple[int, str]]:
    channel = open_channel(stack.endpoint("index"))
    try:
        answer = await call(IndexServiceStub(channel).Fingerprint, FingerprintRequest(), seconds=60)
    finally:
        await channel.close()
    return {
        (shard.shard.namespace_id, shard.shard.collection_id, shard.shard.feature_uri): (shard.count, shard.digest)
        for shard in answer.shards
        if shard.count
    }


async def stored_fingerprint(stack: Stack) -> dict[tuple[str, str, str], tuple[int, str]]:
    async with connected(stack) as connection:
        shards = await database_fingerprint(connection)
    return {
        (shard.namespace_id, shard.collection_id, shard.feature_uri): (shard.count, shard.digest) for shard in shards
    }


@pytest.mark.timeout(600)
async def test_nothing_acknowledged_is_lost_or_doubled_when_processes_are_killed(stack: Stack, api: Api) -> None:
    create_unified(api, "crashes")
    bucket_id = str(api.get("/buckets/bkt_crashes")["bucket_id"])
    progress = Progress()
    following = asyncio.create_task(progress.follow(stack, bucket_id))
    await asyncio.gather(upload_all(stack, bucket_id, progress), kill_in_turn(stack, progress))
    following.cancel()
    assert len(progress.acknowledged) == UPLOADS
    await settled(stack, bucket_id)

    async with connected(stack) as connection:
        rows = {row["object_id"]: row for row in await connection.fetch(COUNTS, bucket_id)}
    assert set(rows) == progress.acknowledged
    assert [dict(row) for row in rows.values() if (row["status"], row["documents"], row["vectors"]) != GOOD] == []
    assert await index_fingerprint(stack) == await stored_fingerprint(stack)
