"""Names are looked up beside all other work, however long that takes."""

import asyncio
import socket
import threading
from typing import Any

import aiohttp
import pytest

from services.common.http.name_resolver import PooledResolver
from services.common.http.sessions import open_session


async def test_names_that_are_never_answered_leave_the_threads_of_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    answered, asked = threading.Event(), []

    def hang(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        answered.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    async with open_session([], total_seconds=60) as session:
        requests = [asyncio.create_task(_fails(session, f"http://name-{number}.example/")) for number in range(40)]
        try:
            async with asyncio.timeout(30):
                while len(asked) < 40:
                    await asyncio.sleep(0.02)
                assert await asyncio.to_thread(lambda: "free") == "free"
        finally:
            answered.set()
        await asyncio.gather(*requests)


async def _fails(session: aiohttp.ClientSession, url: str) -> None:
    with pytest.raises(aiohttp.ClientConnectorError):
        await session.get(url)


async def test_a_name_has_all_its_addresses() -> None:
    resolver = PooledResolver()
    found = await resolver.resolve("localhost", 80)
    await resolver.close()
    assert {"127.0.0.1"} <= {each["host"] for each in found} <= {"127.0.0.1", "::1"}
    assert {each["port"] for each in found} == {80}
