"""A `likeness up` of its own for a benchmark, and a client that keeps all of it busy."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from tests.support.running_stack import Stack, running_stack
from tests.support.tutorial.option_a import creation

UPLOADERS = 32
FEW = 60
JsonObject = dict[str, Any]


@contextmanager
def temporary_stack(settings: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """A stack on a new data folder, which goes with it."""
    with (
        tempfile.TemporaryDirectory(prefix="likeness-bench-") as folder,
        running_stack(Path(folder), settings or {}) as stack,
    ):
        yield stack


class Client:
    """JSON over HTTP with the key; raises on any answer but 200."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession) -> None:
        self._base = f"{stack.url}/v1"
        self._session = session

    async def send(self, method: str, path: str, body: bytes | JsonObject | None = None) -> JsonObject:
        """One call; `body` may be JSON that is encoded already."""
        data = body if isinstance(body, bytes) or body is None else orjson.dumps(body)
        async with self._session.request(method, self._base + path, data=data) as response:
            content = await response.read()
            if response.status != 200:
                raise RuntimeError(f"{method} {path}: {response.status} {content[:500]!r}")
            answer: JsonObject = orjson.loads(content)
            return answer

    async def documents(self, collection: str) -> int:
        """How many documents the collection has."""
        answer = await self.send("GET", f"/collections/{collection}/documents?limit=1&include_total=true")
        return int(answer["pagination"]["total"])


@asynccontextmanager
async def open_client(stack: Stack, connections: int = UPLOADERS) -> AsyncIterator[Client]:
    """A client with that many connections."""
    headers = {"Authorization": f"Bearer {stack.key}", "Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
        yield Client(stack, session)


async def create_unified(client: Client, name: str) -> None:
    """Bucket, retriever and self-referencing collection of the tutorial's Option A, all called `name`."""
    for path, body in creation(name):
        await client.send("POST", path, body)


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
