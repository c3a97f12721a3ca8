"""A supervised process is started again when it dies, and stopped when asked, by force when it will not."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from services.local.stack import log_files
from services.local.stack.child_process import Child, ChildSpec

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEPER


class Watched:
    """A child that runs a script, and the pids that it has had."""

    def __init__(self, script: str, log_file: Path) -> None:
        self.pids: asyncio.Queue[int] = asyncio.Queue()
        spec = ChildSpec(name="test", command=[sys.executable, "-c", script], environment=os.environ, log_file=log_file)
        self.child = Child(spec, lambda _, pid: self.pids.put_nowait(pid))
        self.log_file = log_file

    async def started(self) -> int:
        """The pid of the next start, once it has printed its line."""
        lines = self.log_file.read_text().count("up") if self.log_file.exists() else 0
        pid = await asyncio.wait_for(self.pids.get(), 30)
        async with asyncio.timeout(30):
            while not self.log_file.exists() or self.log_file.read_text().count("up") <= lines:
                await asyncio.sleep(0.01)
        return pid


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_killed_process_is_started_again_and_again(tmp_path: Path) -> None:
    watched = Watched(SLEEPER, tmp_path / "test.log")
    watched.child.start()
    pids = set()
    for _ in range(3):
        pid = await watched.started()
        pids.add(pid)
        os.kill(pid, signal.SIGKILL)
    pids.add(await watched.started())
    await watched.child.stop(10)
    assert len(pids) == 4
    assert not any(is_alive(pid) for pid in pids)


async def test_a_process_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    watched = Watched(STUBBORN, tmp_path / "test.log")
    watched.child.start()
    pid = await watched.started()
    await watched.child.stop(0.1)
    assert not is_alive(pid)


async def test_a_command_that_does_not_exist_is_tried_until_stopped(tmp_path: Path) -> None:
    tries = asyncio.Semaphore(0)

    async def count() -> None:
        tries.release()

    spec = ChildSpec(
        name="test",
        command=[str(tmp_path / "missing")],
        environment=os.environ,
        log_file=tmp_path / "test.log",
        prepare=count,
    )
    child = Child(spec, lambda _, pid: pytest.fail(f"started as {pid}"))
    child.start()
    for _ in range(3):
        await asyncio.wait_for(tries.acquire(), 30)
    await child.stop(1)


def test_a_long_log_is_moved_aside_and_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "LOG_BYTES", 10)
    log_file = tmp_path / "test.log"
    with log_file.open("ab", buffering=0) as writer:
        writer.write(b"a long line\n")
        log_files.bound_log(log_file)
        writer.write(b"next\n")
    assert log_file.read_bytes() == b"next\n"
    assert log_file.with_suffix(".log.1").read_bytes() == b"a long line\n"
