"""Processes that a test may kill: the worker itself, and an extractor that its supervisor starts again."""

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from services.common.settings import Settings
from services.local.postgres.embedded_postgres import EmbeddedPostgres
from services.local.stack.readiness import wait_accepting


async def start_worker(settings: Settings) -> Process:
    """`python -m services.worker.main` with these settings."""
    changed = settings.model_dump(exclude_defaults=True)
    values = {f"LIKENESS_{name.upper()}": _written(value) for name, value in changed.items()}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.worker.main", env={**os.environ, **values}, stderr=asyncio.subprocess.DEVNULL
    )


def _written(value: object) -> str:
    """A setting as its variable has it."""
    return json.dumps(value) if isinstance(value, tuple) else str(value)


@asynccontextmanager
async def supervised_extractor(settings: Settings) -> AsyncIterator[Callable[[], int]]:
    """An extractor process that is started again whenever it dies; yields a count of its starts."""
    starts = 0
    process: Process | None = None

    async def keep() -> None:
        nonlocal starts, process
        while True:
            starts += 1
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.integration.worker.fake_services", settings.extractor_address
            )
            await process.wait()

    keeper = asyncio.create_task(keep())
    try:
        yield lambda: starts
    finally:
        keeper.cancel()
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def start_postgres(postgres: EmbeddedPostgres) -> Process:
    """The server as a process of its own, ready for connections."""
    module, folders = "tests.integration.worker.become_postgres", (postgres.cluster.parent, postgres.sockets)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *map(str, folders), stderr=asyncio.subprocess.DEVNULL
    )
    await wait_accepting(postgres)
    return process
