"""An embedded PostgreSQL under supervision, in folders of its own."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.local.postgres.embedded_postgres import EmbeddedPostgres
from services.local.postgres.socket_folder import make_socket_folder, remove_socket_folder
from services.local.stack.child_process import Child, ChildSpec
from services.local.stack.readiness import wait_accepting

READY_SECONDS = 60.0
Start = Callable[[EmbeddedPostgres], Awaitable[Child]]


@pytest.fixture
def sockets() -> Iterator[Path]:
    folder = make_socket_folder()
    (folder / "postgres").mkdir()
    yield folder / "postgres"
    remove_socket_folder(folder)


@pytest.fixture
def postgres(tmp_path: Path, sockets: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(tmp_path, sockets)


@pytest.fixture
def pids() -> list[int]:
    """The process ids that the supervised server has had so far."""
    return []


@pytest_asyncio.fixture
async def start(pids: list[int], tmp_path: Path) -> AsyncIterator[Start]:
    children: list[Child] = []

    async def start_one(server: EmbeddedPostgres) -> Child:
        await asyncio.to_thread(server.prepare)
        spec = ChildSpec(
            name="postgres",
            command=server.command(),
            environment=server.environment,
            log_file=tmp_path / "postgres.log",
            folder=server.cluster,
            account=server.account,
            stop_signal=signal.SIGINT,
            prepare=lambda: asyncio.to_thread(server.prepare),
        )
        child = Child(spec, lambda _, pid: pids.append(pid))
        child.start()
        children.append(child)
        await asyncio.wait_for(wait_accepting(server), READY_SECONDS)
        return child

    yield start_one
    for child in children:
        await child.stop(READY_SECONDS)
