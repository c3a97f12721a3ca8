"""A `likeness up` of its own for a benchmark, and a small client for it."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from tests.support.tutorial.option_a import creation

JsonObject = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A running stack; `seconds_to_ready` is from the command to its `ready` line."""

    url: str
    key: str
    data_dir: Path
    process: subprocess.Popen[str]
    seconds_to_ready: float


@contextmanager
def running_stack(settings: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """`likeness up` on a free port and a new data folder, stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="likeness-bench-") as folder:
        command = [str(Path(sys.executable).parent / "likeness"), "up", "--port", "0", "--data-dir", folder]
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(settings or {})})
        try:
            lines = dict(_announced(process))
            seconds = time.perf_counter() - started
            key = Path(lines["api-key-file"]).read_text().strip()
            yield Stack(url=lines["ready"], key=key, data_dir=Path(folder), process=process, seconds_to_ready=seconds)
        finally:
            process.terminate()
            process.wait(60)


def _announced(process: subprocess.Popen[str]) -> Iterator[tuple[str, str]]:
    assert process.stdout is not None
    for line in process.stdout:
        name, _, value = line.strip().partition(" ")
        yield name, value
        if name == "ready":
            return
    raise RuntimeError("likeness up ended before it was ready")


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
async def open_client(stack: Stack, connections: int = 32) -> AsyncIterator[Client]:
    """A client with that many connections."""
    headers = {"Authorization": f"Bearer {stack.key}", "Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
        yield Client(stack, session)


async def create_tutorial(client: Client, name: str) -> None:
    """Bucket, retriever and self-referencing collection of the tutorial's Option A, all called `name`."""
    for path, body in creation(name):
        await client.send("POST", path, body)
