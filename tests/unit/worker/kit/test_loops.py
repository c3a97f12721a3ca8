"""What the worker repeats goes on whatever happens to one step."""

import asyncio
import contextlib

import pytest

from services.worker.kit import loops
from services.worker.kit.loops import Loop, run_loops


async def test_a_step_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "AFTER_FAULT_SECONDS", 0.01)
    done, steps = asyncio.Event(), 0

    async def step() -> bool:
        nonlocal steps
        steps += 1
        if steps == 1:
            raise RuntimeError("a fault of our own")
        done.set()
        return False

    running = asyncio.create_task(run_loops(Loop(name="test", step=step, seconds=0.01)))
    await asyncio.wait_for(done.wait(), 30)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert steps >= 2


async def test_a_step_with_more_to_do_is_not_kept_waiting() -> None:
    done, steps = asyncio.Event(), 0

    async def step() -> bool:
        nonlocal steps
        steps += 1
        if steps == 3:
            done.set()
        return steps < 3

    running = asyncio.create_task(run_loops(Loop(name="test", step=step, seconds=3600)))
    await asyncio.wait_for(done.wait(), 30)
    running.cancel()
