"""A small server that speaks as an OpenAI-compatible endpoint does, and answers as a test tells it to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Answer = Callable[[dict[str, Any]], web.StreamResponse]


def saying(content: str, **headers: str) -> Answer:
    """An answer that says this to every question."""
    return lambda _: completion(content, headers)


def completion(content: Any, headers: dict[str, str] | None = None) -> web.Response:
    """A chat completion."""
    return web.json_response({"choices": [{"message": {"role": "assistant", "content": content}}]}, headers=headers)


@dataclass(kw_only=True)
class Llm:
    """The server: `answers` are given one after the other, the last again and again, each after `seconds`."""

    url: str = ""
    answers: list[Answer] = field(default_factory=lambda: [saying('{"label": "Named"}')])
    seconds: float = 0.0
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One question."""
        body = json.loads(await request.read())
        self.asked.append(body)
        self.keys.append(request.headers.get("Authorization"))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.at_once -= 1
        return answer(body)


@asynccontextmanager
async def running_llm() -> AsyncIterator[Llm]:
    """The server on a free port, until the end of the block."""
    llm = Llm()
    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_post("/v1/chat/completions", llm.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        llm.url = f"http://{host}:{port}/v1"
        yield llm
    finally:
        await runner.cleanup()
