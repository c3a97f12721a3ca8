"""The embedded PostgreSQL through everything that happens to one: kills, stale files, long paths, cut-off starts."""

import asyncio
import os
import signal
import subprocess
from pathlib import Path

import asyncpg
import psutil
import pytest

from services.common.errors import InternalError
from services.local.postgres.embedded_postgres import EmbeddedPostgres
from services.local.postgres.orphans import processes_of
from services.local.stack.readiness import wait_accepting
from tests.integration.local.conftest import READY_SECONDS, Start


async def query(server: EmbeddedPostgres, sql: str) -> object:
    connection = await asyncpg.connect(server.url())
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def until_answered(server: EmbeddedPostgres, sql: str) -> object:
    async with asyncio.timeout(READY_SECONDS):
        while True:
            try:
                return await query(server, sql)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(0.05)


async def test_acknowledged_commits_are_durable(postgres: EmbeddedPostgres, start: Start) -> None:
    await start(postgres)
    assert await query(postgres, "SHOW fsync") == "on"
    assert await query(postgres, "SHOW synchronous_commit") == "on"
    assert await query(postgres, "SHOW full_page_writes") == "on"


async def test_data_survives_a_clean_stop(postgres: EmbeddedPostgres, start: Start) -> None:
    child = await start(postgres)
    await query(postgres, "CREATE TABLE kept AS SELECT 41 AS n")
    await child.stop(READY_SECONDS)
    assert processes_of(postgres.cluster) == []
    await start(postgres)
    assert await query(postgres, "SELECT n FROM kept") == 41


async def test_a_killed_server_is_back_with_its_data(postgres: EmbeddedPostgres, start: Start, pids: list[int]) -> None:
    await start(postgres)
    await query(postgres, "CREATE TABLE kept AS SELECT 42 AS n")
    os.kill(pids[-1], signal.SIGKILL)
    assert await until_answered(postgres, "SELECT n FROM kept") == 42


async def test_a_backend_that_outlives_its_killed_server_is_no_obstacle(
    postgres: EmbeddedPostgres, start: Start, pids: list[int]
) -> None:
    await start(postgres)
    connection = await asyncpg.connect(postgres.url())
    busy = asyncio.create_task(connection.execute("SELECT count(*) FROM generate_series(1, 100000000000)"))
    await asyncio.sleep(0.2)
    os.kill(pids[-1], signal.SIGKILL)
    with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await busy
    assert await until_answered(postgres, "SELECT 1") == 1
    assert len(pids) == 2


async def test_a_pid_file_whose_pid_is_another_process_by_now_is_no_obstacle(
    postgres: EmbeddedPostgres, start: Start
) -> None:
    child = await start(postgres)
    pid_file = postgres.cluster / "postmaster.pid"
    content = pid_file.read_text().split("\n")
    await child.stop(READY_SECONDS)
    with subprocess.Popen(["sleep", "600"]) as stranger:  # noqa: ASYNC220, returns at once
        try:
            pid_file.write_text("\n".join([str(stranger.pid), *content[1:]]))
            await start(postgres)
            assert await query(postgres, "SELECT 1") == 1
            assert stranger.poll() is None
        finally:
            stranger.kill()


async def test_a_damaged_pid_file_is_no_obstacle(postgres: EmbeddedPostgres, start: Start) -> None:
    await (await start(postgres)).stop(READY_SECONDS)
    (postgres.cluster / "postmaster.pid").write_bytes(b"")
    await start(postgres)
    assert await query(postgres, "SELECT 1") == 1


async def test_a_server_left_running_by_a_killed_supervisor_is_replaced(
    postgres: EmbeddedPostgres, start: Start
) -> None:
    await (await start(postgres)).stop(READY_SECONDS)
    account = postgres.account
    left_over = await asyncio.create_subprocess_exec(
        *postgres.command(), cwd=postgres.cluster, user=account.user, group=account.group
    )
    await wait_accepting(postgres)
    await start(EmbeddedPostgres(postgres.cluster.parent, postgres.sockets))
    await left_over.wait()  # its exit code is lost when the clean-up of left-overs reaps it first
    assert not psutil.pid_exists(left_over.pid)
    assert await query(postgres, "SELECT 1") == 1


async def test_a_data_folder_with_a_long_name_works(tmp_path: Path, sockets: Path, start: Start) -> None:
    server = EmbeddedPostgres(tmp_path / ("long" * 40), sockets)
    await start(server)
    assert await query(server, "SELECT 1") == 1


async def test_a_cut_off_first_start_leaves_nothing_half_made(postgres: EmbeddedPostgres, start: Start) -> None:
    half_made = postgres.cluster.with_name("postgres.new")
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    await start(postgres)
    assert await query(postgres, "SELECT 1") == 1


async def test_a_folder_that_is_no_cluster_is_refused_and_left_alone(postgres: EmbeddedPostgres) -> None:
    postgres.cluster.mkdir()
    (postgres.cluster / "thesis.txt").write_text("years of work")
    with pytest.raises(InternalError, match="no PostgreSQL data folder"):
        postgres.prepare()
    assert (postgres.cluster / "thesis.txt").exists()


async def test_the_data_of_another_version_is_refused_by_name(postgres: EmbeddedPostgres) -> None:
    postgres.cluster.mkdir()
    (postgres.cluster / "PG_VERSION").write_text("16\n")
    with pytest.raises(InternalError, match="PostgreSQL 16"):
        postgres.prepare()
