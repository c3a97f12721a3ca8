"""A `likeness up` for the demo, in a data folder of its own."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

# The demo serves photos from this machine, which uploads by URL may not reach otherwise.
LOOPBACK = "127.0.0.1/32"


class DemoError(Exception):
    """The play cannot go on."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A running stack; its link signs a browser in, once."""

    url: str
    key: str
    sign_in_link: str
    process: asyncio.subprocess.Process


@asynccontextmanager
async def running_stack(data_dir: Path) -> AsyncIterator[Stack]:
    """Starts a stack on a free port and stops it at the end."""
    command = [sys.executable, "-m", "services.local.cli", "up", "--port", "0", "--data-dir", str(data_dir)]
    environment = {"LIKENESS_FETCH_ALLOW": LOOPBACK, **os.environ}
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, env=environment, start_new_session=True)
    try:
        announced = await _announced(process)
        key = await asyncio.to_thread(Path(announced["api-key-file"]).read_text)
        yield Stack(url=announced["ready"], key=key.strip(), sign_in_link=announced["sign-in"], process=process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _announced(process: asyncio.subprocess.Process) -> dict[str, str]:
    announced: dict[str, str] = {}
    assert process.stdout is not None
    async for line in process.stdout:
        name, _, value = line.decode().strip().partition(" ")
        announced[name] = value
        if name == "ready":
            return announced
    raise DemoError("The stack ended before it was ready; its messages are above.")
