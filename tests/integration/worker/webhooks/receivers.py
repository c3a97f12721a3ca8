"""Receivers of webhooks: real HTTP servers that remember what reached them, and answer as a test tells them to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Answer = Callable[[web.Request, int], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.body)


async def ok(request: web.Request, number: int) -> web.StreamResponse:
    """The answer of a healthy receiver."""
    return web.Response(text="ok")


def answering(status: int, **headers: str) -> Answer:
    """A receiver that always answers so."""

    async def answer(request: web.Request, number: int) -> web.StreamResponse:
        return web.Response(status=status, text=f"status {status}", headers=headers)

    return answer


def after(seconds: float) -> Answer:
    """A healthy receiver that takes its time."""

    async def answer(request: web.Request, number: int) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return await ok(request, number)

    return answer


@dataclass(kw_only=True)
class Receiver:
    """A server at `url`; `answer` gets the number of the call, from 0."""

    url: str = ""
    answer: Answer = ok
    calls: list[Call] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)
    most_at_once: int = 0
    _now: int = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Remembers the call, then answers."""
        self.connections.add(request.transport)
        number = len(self.calls)
        body = await request.read()
        self.calls.append(Call(method=request.method, path=request.path, headers=dict(request.headers), body=body))
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            return await self.answer(request, number)
        finally:
            self._now -= 1

    @property
    def event_ids(self) -> list[str]:
        """The ids of the events that came, in order."""
        return [call.json["event_id"] for call in self.calls]


@asynccontextmanager
async def receiving(answer: Answer = ok) -> AsyncIterator[Receiver]:
    """A receiver on a free port."""
    receiver = Receiver(answer=answer)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", receiver.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_server(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """The URL of a server that speaks as it likes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    finally:
        server.close()
