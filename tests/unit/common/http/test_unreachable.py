"""Why an address could not be reached, as people say it."""

import ssl

import aiohttp
import pytest

from services.common.http.unreachable import why_unreachable


async def fault_of(url: str) -> Exception:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError) as caught:
            await session.get(url)
    return caught.value


async def test_a_port_that_nobody_listens_on(unused_tcp_port: int) -> None:
    error = await fault_of(f"http://127.0.0.1:{unused_tcp_port}/x")
    assert "ssl:" in str(error)
    assert why_unreachable(error) == "connection refused"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ssl.SSLCertVerificationError("x"), "its certificate is not valid"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] (_ssl.c:1006)"), "no secure connection could be agreed on"),
        (ConnectionResetError(104, "Connection reset by peer"), "connection reset by peer"),
        (aiohttp.ClientError("Session <0x7f>"), "the connection failed"),
    ],
)
def test_other_faults(error: Exception, said: str) -> None:
    assert why_unreachable(error) == said
