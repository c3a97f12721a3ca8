"""The fetcher goes where it may, stops where it must, and says which kind of failure it met.

Servers listen on 127.0.0.1, which the settings allow; 127.0.0.2 stands for an address that is refused.
"""

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from services.common.errors import InvalidArgumentError, LikenessError, UnavailableError
from services.common.http.fetcher import open_fetcher
from services.common.http.sessions import open_session
from services.common.settings import Settings

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
Handler = Callable[[web.Request], Awaitable[web.Response]]


class Canary:
    """A server at a refused address that counts who connects."""

    def __init__(self) -> None:
        self.connections = 0
        self.port = 0

    async def __call__(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()


@pytest.fixture
async def canary() -> AsyncIterator[Canary]:
    canary = Canary()
    async with await asyncio.start_server(canary, "127.0.0.2", 0) as server:
        canary.port = server.sockets[0].getsockname()[1]
        yield canary


class FakeDns(AbstractResolver):
    """Gives the answers that it was made with, one list of addresses per question."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.questions = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = self.answers[min(self.questions, len(self.answers) - 1)]
        self.questions += 1
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing to release."""


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """The root URL of a server at an allowed address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


SETTINGS = Settings(fetch_allow="127.0.0.1/32", max_blob_bytes=1000, fetch_timeout=20)


async def fetch_error(
    url: str, settings: Settings = SETTINGS, resolver: AbstractResolver | None = None
) -> LikenessError:
    async with open_fetcher(settings, resolver=resolver) as fetcher:
        with pytest.raises(LikenessError) as caught:
            await fetcher.fetch(url)
    return caught.value


async def png(_: web.Request) -> web.Response:
    return web.Response(body=PNG, content_type="text/html")


def answering(status: int, **headers: str) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, headers={name.replace("_", "-"): text for name, text in headers.items()})

    return answer


async def test_content_comes_with_its_real_type_and_name() -> None:
    async with serving(png) as root, open_fetcher(SETTINGS) as fetcher:
        fetched = await fetcher.fetch(f"{root}/shoes/red%20shoe.png?token=secret#top")
    assert (fetched.content, fetched.mime_type, fetched.filename) == (PNG, "image/png", "red shoe.png")
    assert fetched.url.endswith("/shoes/red%20shoe.png")


async def test_the_name_that_the_server_gives_counts_more_but_has_no_folders() -> None:
    named = answering(200, Content_Disposition='attachment; filename="../../etc/cron.d/x.jpg"')
    async with serving(named) as root, open_fetcher(SETTINGS) as fetcher:
        assert (await fetcher.fetch(f"{root}/y")).filename == "x.jpg"


async def counting_down(request: web.Request) -> web.Response:
    left = int(request.match_info["path"])
    return await png(request) if left == 0 else await answering(302, Location=f"/{left - 1}")(request)


async def test_three_redirects_are_followed_and_a_fourth_is_not() -> None:
    async with serving(counting_down) as root:
        async with open_fetcher(SETTINGS) as fetcher:
            assert (await fetcher.fetch(f"{root}/3")).content == PNG
        assert (await fetch_error(f"{root}/4")).reason == "FETCH_REDIRECTS"


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://127.0.0.2:{port}/", "FETCH_REFUSED"),
        ("//127.0.0.2:{port}/x", "FETCH_REFUSED"),
        ("http://[::ffff:127.0.0.2]:{port}/", "FETCH_REFUSED"),
        ("file:///etc/passwd", "FETCH_URL"),
        ("gopher://127.0.0.2:{port}/", "FETCH_URL"),
        ("http://169.254.169.254/latest/meta-data/", "FETCH_REFUSED"),
    ],
)
async def test_a_redirect_does_not_lead_to_where_a_request_may_not_go(
    canary: Canary, location: str, reason: str
) -> None:
    last_hop = answering(307, Location=location.format(port=canary.port))
    async with serving(last_hop) as inner, serving(answering(302, Location=inner)) as root:
        assert (await fetch_error(root)).reason == reason
    assert canary.connections == 0


SPELLINGS = """
127.0.0.2 2130706434 0x7f000002 0x7f.0.0.2 0177.0.0.2 127.2 127.0.0.2. ①②⑦.⓪.⓪.② 127.0.0.1@127.0.0.2 0
[::ffff:127.0.0.2] [::ffff:7f00:2] [::] [fe80::1%25lo]
"""


@pytest.mark.parametrize("host", SPELLINGS.split())
async def test_no_spelling_of_a_refused_address_gets_through(canary: Canary, host: str) -> None:
    error = await fetch_error(f"http://{host}:{canary.port}/")
    assert isinstance(error, InvalidArgumentError)
    assert error.reason in ("FETCH_REFUSED", "FETCH_URL")
    assert canary.connections == 0


async def test_a_name_is_refused_whole_if_one_of_its_addresses_is(canary: Canary) -> None:
    visits: list[str] = []

    async def visited(request: web.Request) -> web.Response:
        visits.append(request.path)
        return web.Response()

    async with serving(visited) as root:
        port = root.rpartition(":")[2]
        for answer in (["127.0.0.1", "127.0.0.2"], ["127.0.0.2", "127.0.0.1"], ["127.0.0.2"]):
            error = await fetch_error(f"http://mixed.example:{port}/", resolver=FakeDns(answer))
            assert error.reason == "FETCH_REFUSED"
    assert visits == []
    assert canary.connections == 0


async def test_a_name_that_changes_its_address_is_checked_each_time(canary: Canary) -> None:
    async with serving(answering(302, Location=f"http://rebind.example:{canary.port}/")) as root:
        dns = FakeDns(["127.0.0.1"], ["127.0.0.2"])
        error = await fetch_error(f"http://rebind.example:{root.rpartition(':')[2]}/", resolver=dns)
    assert error.reason == "FETCH_REFUSED"
    assert dns.questions == 2
    assert canary.connections == 0


async def test_the_address_that_was_checked_is_the_one_connected() -> None:
    async with serving(png) as root:
        dns = FakeDns(["127.0.0.1"], ["127.0.0.2"])
        async with open_fetcher(SETTINGS, resolver=dns) as fetcher:
            fetched = await fetcher.fetch(f"http://good.example:{root.rpartition(':')[2]}/")
    assert fetched.content == PNG
    assert dns.questions == 1


async def declared_too_large(_: web.Request) -> web.Response:
    return web.Response(body=bytes(1001))


async def streamed_too_large(request: web.Request) -> web.Response:
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    while True:
        await response.write(bytes(400))
        await asyncio.sleep(0)


async def gzipped(_: web.Request) -> web.Response:
    return web.Response(body=gzip.compress(bytes(900_000)), headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize("handler", [declared_too_large, streamed_too_large])
async def test_too_large_a_body_is_given_up_at_the_limit(handler: Handler) -> None:
    async with serving(handler) as root:
        error = await fetch_error(root)
    assert isinstance(error, InvalidArgumentError)
    assert error.reason == "FETCH_TOO_LARGE"


async def test_a_compressed_body_that_was_not_asked_for_is_refused() -> None:
    async with serving(gzipped) as root:
        assert (await fetch_error(root)).reason == "FETCH_ENCODING"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidArgumentError),
        (401, InvalidArgumentError),
        (404, InvalidArgumentError),
        (410, InvalidArgumentError),
        (302, InvalidArgumentError),
        (408, UnavailableError),
        (429, UnavailableError),
        (500, UnavailableError),
        (503, UnavailableError),
    ],
)
async def test_a_bad_status_is_permanent_or_may_pass(status: int, kind: type[LikenessError]) -> None:
    async with serving(answering(status)) as root:
        error = await fetch_error(f"{root}/?key=secret")
    assert (type(error), error.reason) == (kind, "FETCH_STATUS")
    assert str(status) in error.message
    assert "secret" not in error.message


async def never(request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def drip(request: web.Request) -> web.Response:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x")
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("handler", [never, drip])
async def test_a_slow_server_is_given_up(handler: Handler) -> None:
    async with serving(handler) as root:
        error = await fetch_error(root, Settings(fetch_allow="127.0.0.1/32", fetch_timeout=0.3))
    assert isinstance(error, UnavailableError)
    assert error.reason == "FETCH_TIMEOUT"


async def test_a_server_that_is_down_may_come_back(unused_tcp_port: int) -> None:
    error = await fetch_error(f"http://127.0.0.1:{unused_tcp_port}/")
    assert isinstance(error, UnavailableError)
    assert error.reason == "FETCH_UNREACHABLE"


async def test_a_body_cut_short_may_come_whole_next_time() -> None:
    async def cut(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nonly this")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(cut, "127.0.0.1", 0) as server:
        error = await fetch_error(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert isinstance(error, UnavailableError)


@pytest.fixture
def tls() -> Iterator[ssl.SSLContext]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    yield context


async def test_a_certificate_that_is_not_trusted_is_an_error(tls: ssl.SSLContext) -> None:
    async with serving(png, tls) as root:
        error = await fetch_error(root)
    assert isinstance(error, InvalidArgumentError)
    assert error.reason == "FETCH_CERTIFICATE"


@pytest.mark.parametrize(
    "url", ["", "x", "http://", "http:///x", "https://:80", "http://a:99999/", "ftp://a/b", "http://[::1", "//a/b"]
)
async def test_what_is_not_a_url_is_refused(url: str) -> None:
    assert (await fetch_error(url)).reason == "FETCH_URL"


async def test_no_cookie_or_credential_is_carried_to_another_host() -> None:
    seen: list[tuple[str | None, str | None]] = []

    async def look(request: web.Request) -> web.Response:
        seen.append((request.headers.get("Cookie"), request.headers.get("Authorization")))
        return web.Response(body=b"x")

    async with serving(look) as other, open_fetcher(SETTINGS) as fetcher:
        async with serving(answering(302, Location=other, Set_Cookie="a=b")) as root:
            await fetcher.fetch(root.replace("//", "//user:password@"))
        await fetcher.fetch(other)
    assert seen == [(None, None), (None, None)]


async def test_without_leave_the_loopback_is_refused() -> None:
    async with serving(png) as root:
        assert (await fetch_error(root, Settings())).reason == "FETCH_REFUSED"
        assert (await fetch_error(root.replace("127.0.0.1", "localhost"), Settings())).reason == "FETCH_REFUSED"


async def test_an_environment_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch, canary: Canary) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.2:{canary.port}")
    async with serving(png) as root, open_fetcher(SETTINGS) as fetcher:
        assert (await fetcher.fetch(root)).content == PNG
    assert canary.connections == 0


async def test_the_guard_holds_for_other_sessions_than_the_fetchers(canary: Canary) -> None:
    async with open_session((), total_seconds=5) as session:
        with pytest.raises(InvalidArgumentError):
            await session.post(f"http://127.0.0.2:{canary.port}/", json={})
        assert isinstance(session.cookie_jar, aiohttp.DummyCookieJar)
    assert canary.connections == 0
