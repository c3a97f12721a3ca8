"""One `likeness up` in a data folder of its own, as an operator would start it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STOP_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A running stack; `seconds_to_ready` is from the command to its `ready` line."""

    url: str
    key: str
    data_dir: Path
    process: subprocess.Popen[str]
    seconds_to_ready: float

    def processes(self) -> dict[str, int]:
        """Process ids by name, as the supervisor last wrote them."""
        return dict(self._read("processes"))

    def endpoint(self, name: str) -> str:
        """The database's url (`database_url`), or a service's gRPC address."""
        return str(self._read("endpoints")[name])

    def _read(self, name: str) -> dict[str, Any]:
        return dict(json.loads((self.data_dir / "run" / f"{name}.json").read_text()))


def start(data_dir: Path, settings: Mapping[str, str]) -> Stack:
    """Starts it on a free port and waits until it serves."""
    command = [sys.executable, "-m", "services.local.cli", "up", "--port", "0", "--data-dir", str(data_dir)]
    environment = {**os.environ, **settings}
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True)
    announced = _announced(process)
    seconds = time.perf_counter() - started
    key = Path(announced["api-key-file"]).read_text().strip()
    return Stack(url=announced["ready"], key=key, data_dir=data_dir, process=process, seconds_to_ready=seconds)


@contextmanager
def running_stack(data_dir: Path, settings: Mapping[str, str]) -> Iterator[Stack]:
    """A stack that is stopped at the end, and must stop cleanly."""
    stack = start(data_dir, settings)
    try:
        yield stack
    finally:
        stack.process.terminate()
        assert stack.process.wait(STOP_SECONDS) == 0


def _announced(process: subprocess.Popen[str]) -> dict[str, str]:
    announced: dict[str, str] = {}
    assert process.stdout is not None
    for line in process.stdout:
        name, _, value = line.strip().partition(" ")
        announced[name] = value
        if name == "ready":
            return announced
    raise AssertionError(f"`likeness up` ended with status {process.wait()} before it was ready")
