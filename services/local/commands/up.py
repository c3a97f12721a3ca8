"""`likeness up` from its first line to its exit."""

import asyncio
import contextlib
import signal
from collections.abc import Coroutine

from services.common.process.logs import configure_logs
from services.common.settings import Settings
from services.local.stack.data_folder import DataFolder, hold
from services.local.stack.supervisor import Stack

LOG_LEVEL = "warning"


def run_up(settings: Settings) -> None:
    """Brings the stack up, says so on stdout, and returns after SIGINT or SIGTERM has brought it down."""
    configure_logs("local", LOG_LEVEL)
    folder = DataFolder(settings.data_dir)
    with hold(folder) as members:
        asyncio.run(_run(Stack(settings, folder, members)))


async def _run(stack: Stack) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await _until(stop, _serve(stack))
    finally:
        await stack.stop()


async def _serve(stack: Stack) -> None:
    endpoints = await stack.start()
    print(f"api-key-file {stack.folder.api_key_file}", flush=True)
    print(f"sign-in {stack.sign_in_link}", flush=True)
    print(f"ready {endpoints.url}", flush=True)
    await stack.bound_logs()


async def _until(stop: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Runs `work` to its end, or cancels it at `stop`."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not working.done():
        working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
