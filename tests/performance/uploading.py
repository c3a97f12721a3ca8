"""Uploads as fast as the stack takes them, and waits until each has become a document."""

import asyncio
import time
from collections.abc import Sequence

from tests.performance.stack import Client

UPLOADERS = 32
FEW = 60


async def upload_all(client: Client, name: str, bodies: Sequence[bytes]) -> float:
    """Objects per second, from the first upload into the bucket `name` to the last document of its collection."""
    before = await client.documents(name)
    queue = list(bodies)
    started = time.perf_counter()

    async def upload() -> None:
        while queue:
            await client.send("POST", f"/buckets/{name}/objects", queue.pop())

    await asyncio.gather(*(upload() for _ in range(UPLOADERS)))
    while (missing := before + len(bodies) - await client.documents(name)) > 0:
        await asyncio.sleep(0.5 if missing > FEW else 0.05)  # counting costs the stack time; be exact only at the end
    return len(bodies) / (time.perf_counter() - started)
