"""The gateway as a process: it starts on a free port, drains, and refuses what is too large over a real socket."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from services.common.database.api_keys import create_key
from services.common.database.pool import Pool
from services.common.settings import Settings


@asynccontextmanager
async def process(settings: Settings, folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A running gateway and its address; it is killed at the end if it has not ended by itself."""
    port_file = folder / "port"
    environment = {
        "LIKENESS_DATABASE_URL": settings.database_url,
        "LIKENESS_DATA_DIR": str(folder / "data"),
        "LIKENESS_PORT": "0",
        "LIKENESS_PORT_FILE": str(port_file),
        **{f"LIKENESS_{name.upper()}_ADDRESS": f"unix:{folder}/{name}" for name in ("extractor", "index", "taxonomy")},
    }
    command = (sys.executable, "-m", "services.gateway.main")
    running = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.DEVNULL)
    try:
        while not port_file.exists() or not port_file.read_text():
            assert running.returncode is None
            await asyncio.sleep(0.05)
        yield running, f"http://127.0.0.1:{port_file.read_text().strip()}"
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


@pytest.fixture
async def address(settings: Settings, tmp_path: Path) -> AsyncIterator[str]:
    """A gateway that nothing surrounds."""
    async with process(settings, tmp_path) as (_, url):
        yield url


async def test_it_is_alive_but_not_ready_while_the_services_are_away(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as client:
        assert (await client.get("/health/liveness")).status_code == 200
        health = await client.get("/health")
    assert health.status_code == 503
    assert health.json()["services"] == {
        "database": "ok",
        "extractor": "unavailable",
        "index": "unavailable",
        "taxonomy": "unavailable",
    }


async def test_what_needs_a_service_that_is_away_is_503_and_may_be_tried_again(address: str, pool: Pool) -> None:
    _, key = await create_key(pool, "test")
    async with httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {key}"}) as client:
        body = {"retriever_name": "r", "stages": [{"config": {"stage_id": "attribute_filter", "parameters": {}}}]}
        response = await client.post("/v1/retrievers", json=body)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.json()["error"]["details"]["retryable"] is True


async def test_20_megabytes_are_413_although_the_client_is_still_sending(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as client:
        response = await client.post("/v1/buckets", json={"bucket_name": "x" * 20_000_000})
        assert response.status_code == 413
        assert response.json()["status"] == 413
        assert (await client.get("/health/liveness")).status_code == 200


async def test_a_request_in_flight_is_answered_before_it_ends(settings: Settings, pool: Pool, tmp_path: Path) -> None:
    _, key = await create_key(pool, "test")
    async with process(settings, tmp_path) as (running, url):
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=url, headers=headers) as client, pool.acquire() as holder:
            await client.post("/v1/buckets", json={"bucket_name": "before"})
            async with holder.transaction():
                await holder.execute("LOCK TABLE buckets")
                waiting = asyncio.create_task(client.post("/v1/buckets", json={"bucket_name": "during"}))
                await _until_blocked(pool)
                running.send_signal(signal.SIGTERM)
                await asyncio.sleep(0.2)
            assert (await waiting).status_code == 200
        assert await running.wait() == 0


async def _until_blocked(pool: Pool) -> None:
    while not await pool.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
        await asyncio.sleep(0.02)
