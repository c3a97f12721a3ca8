"""One supervised process: started, logged to a file, started again whenever it dies, stopped on request."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from services.local.postgres.account import Account
from services.local.stack.log_files import bound_log
from services.local.stack.service_commands import restart_delay

HEALTHY_SECONDS = 30.0
SETTLED_SECONDS = 1.5
log = structlog.get_logger()


async def _nothing() -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class ChildSpec:
    """How to run a process; `prepare` runs before every start of it."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log_file: Path
    folder: Path | None = None
    pass_fds: tuple[int, ...] = ()
    account: Account = field(default_factory=Account)
    stop_signal: signal.Signals = signal.SIGTERM
    prepare: Callable[[], Awaitable[None]] = _nothing


class Child:
    """Keeps one process alive until `stop`. `on_start(name, pid)` is told of every new process.

    `failures` counts its deaths in a row, each soon after a start.
    """

    def __init__(self, spec: ChildSpec, on_start: Callable[[str, int], None]) -> None:
        self.spec = spec
        self.failures = 0
        self._on_start = on_start
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to keep the process alive."""
        self._keeper = asyncio.create_task(self._keep())

    async def wait_settled(self) -> None:
        """Returns when the process has lived for a while: all that is known of one that answers no questions."""
        failures = -1
        while failures != self.failures:
            failures = self.failures
            await asyncio.sleep(SETTLED_SECONDS + restart_delay(failures))

    async def stop(self, seconds: float) -> None:
        """Asks the process to end, and kills it when it has not ended after `seconds`."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.spec.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), seconds)
        except TimeoutError:
            log.warning("did not stop in time; killed", service=self.spec.name, seconds=seconds)
            process.kill()
            await process.wait()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(restart_delay(self.failures))
            started = time.monotonic()
            outcome = await self._run_once()
            self.failures = 1 if time.monotonic() - started > HEALTHY_SECONDS else self.failures + 1
            log.warning("died; will be started again", service=self.spec.name, outcome=outcome, failures=self.failures)

    async def _run_once(self) -> str:
        try:
            await self.spec.prepare()
            self._process = await self._spawn()
        except Exception as error:  # whatever it is, trying again is all that a supervisor can do
            return f"{type(error).__name__}: {error}"
        self._on_start(self.spec.name, self._process.pid)
        return f"exit status {await self._process.wait()}"

    async def _spawn(self) -> asyncio.subprocess.Process:
        bound_log(self.spec.log_file)
        with self.spec.log_file.open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *self.spec.command,
                env=dict(self.spec.environment),
                cwd=self.spec.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=self.spec.pass_fds,
                start_new_session=True,
                user=self.spec.account.user,
                group=self.spec.account.group,
            )
