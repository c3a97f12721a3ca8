"""Starting and stopping a process: signals, the parent's pipe, ordered shutdown."""

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Awaitable, Callable

import uvloop

PARENT_PIPE = "LIKENESS_PARENT_PIPE"


def run(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Runs `main(stop)` until it returns; SIGINT, SIGTERM or the parent's death set `stop`."""
    watch_parent()
    freeze_imports()
    uvloop.run(_run(main))


async def _run(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await main(stop)


def freeze_imports() -> None:
    """Takes what the imports made out of every later garbage collection, and collects less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def watch_parent() -> None:
    """Ends this process when its supervisor dies, even by kill -9: the supervisor holds the other end of a pipe."""
    descriptor = os.environ.get(PARENT_PIPE)
    if descriptor is None:
        return
    threading.Thread(target=_stop_at_end_of, args=(int(descriptor),), daemon=True).start()


def _stop_at_end_of(descriptor: int) -> None:
    while os.read(descriptor, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
