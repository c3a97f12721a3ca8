"""HTTP sessions that cannot be led to addresses they must not reach, for fetched blobs and webhooks alike.

A name is checked when it is resolved, and refused whole if any of its addresses is. Each socket is checked
again at the address that it is about to connect to, so neither a second DNS answer nor an address written
in the URL gets past.
"""

import socket
from collections.abc import Sequence

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import AddrInfoType

from services.common.errors import InvalidArgumentError
from services.common.http.allowed_addresses import Network, is_allowed
from services.common.http.name_resolver import PooledResolver

CONNECT_SECONDS = 5.0


def open_session(
    allow: Sequence[Network],
    *,
    total_seconds: float,
    resolver: AbstractResolver | None = None,
    connections: int = 100,
    keep_seconds: float = 0,
) -> aiohttp.ClientSession:
    """A session for outgoing requests; InvalidArgumentError FETCH_REFUSED where it must not go.

    It keeps no cookies, uses no proxy and does not decompress. Redirects are the caller's to follow. A connection is
    kept for another request for `keep_seconds`.
    """
    guard = _Guard(allow)
    connector = aiohttp.TCPConnector(
        resolver=_GuardedResolver(resolver or PooledResolver(), guard),
        socket_factory=guard.open_socket,
        limit=connections,
        **({"keepalive_timeout": keep_seconds} if keep_seconds else {"force_close": True}),
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=total_seconds, sock_connect=CONNECT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={"User-Agent": "likeness", "Accept-Encoding": "identity"},
    )


class _Guard:
    def __init__(self, allow: Sequence[Network]) -> None:
        self._allow = tuple(allow)

    def check(self, address: str, host: str) -> None:
        if not is_allowed(address, self._allow):
            raise InvalidArgumentError(
                f"'{host}' is not a public address. LIKENESS_FETCH_ALLOW can list networks to be reached all the same.",
                reason="FETCH_REFUSED",
            )

    def open_socket(self, info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        self.check(str(address[0]), str(address[0]))
        return socket.socket(family, kind, protocol)


class _GuardedResolver(AbstractResolver):
    def __init__(self, inner: AbstractResolver, guard: _Guard) -> None:
        self._inner = inner
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        for result in found:
            self._guard.check(result["host"], host)
        return found

    async def close(self) -> None:
        await self._inner.close()
