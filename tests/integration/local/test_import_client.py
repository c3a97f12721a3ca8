"""The importer's client against a server that is busy, restarting, or gone."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, web

from services.common.errors import NotFoundError, UnauthorizedError, UnavailableError
from services.local.imports.client import Client, RefusedError, open_client

Answer = Callable[[int], web.Response]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    """A server whose answer depends on how often it has been asked."""
    calls = 0

    async def handle(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        return answer(calls)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


def refused(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"message": message}}, status=status)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_server_is_asked_again(status: int) -> None:
    def answer(calls: int) -> web.Response:
        return web.json_response({"calls": calls}) if calls > 2 else refused(status, "busy")

    async with serving(answer) as url, ClientSession() as session:
        assert await Client(session, url).post("/x", {}) == {"calls": 3}


async def test_patience_ends_with_the_reason() -> None:
    async with serving(lambda _: refused(503, "the disk is full")) as url, ClientSession() as session:
        with pytest.raises(UnavailableError, match="the disk is full"):
            await Client(session, url, patience=0.5).post("/x", {})


async def test_refusals_carry_the_servers_words() -> None:
    async with serving(lambda _: refused(422, "body.x is wrong")) as url, ClientSession() as session:
        with pytest.raises(RefusedError, match=r"body\.x is wrong"):
            await Client(session, url).post("/x", {})
        assert isinstance(await _missing(session), type(None))


async def _missing(session: ClientSession) -> object:
    async with serving(lambda _: refused(404, "no such thing")) as url:
        return await Client(session, url).find("/x")


async def test_a_wrong_key_and_a_server_that_is_not_there_are_told() -> None:
    async with serving(lambda _: refused(401, "no")) as url, ClientSession() as session:
        with pytest.raises(UnauthorizedError, match="--api-key"):
            await Client(session, url).get("/x")
    with pytest.raises(NotFoundError, match="likeness up"):
        async with open_client(url, "key"):
            pass
