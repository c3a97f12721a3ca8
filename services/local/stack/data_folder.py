"""The data folder: who may run on it, and what a running stack writes down there."""

import contextlib
import fcntl
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import orjson
import psutil
import structlog

from services.common.errors import AlreadyExistsError, InternalError
from services.local.stack.service_commands import START_ORDER

LEFTOVER_SECONDS = 15.0
POLL_SECONDS = 0.05
log = structlog.get_logger()


class DataFolder:
    """`<data folder>`: postgres/, blobs and shards of the services, logs/, run/ and two key files."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.logs = self.path / "logs"
        self.run = self.path / "run"
        self.processes_file = self.run / "processes.json"
        self.endpoints_file = self.run / "endpoints.json"
        self.api_key_file = self.path / "api-key"
        self.secrets_key_file = self.path / "secrets-key"

    def create(self) -> None:
        """Makes the folders, private to their owner; another account may pass through the outer one, for PostgreSQL."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.mkdir(mode=0o711, exist_ok=True)
            for folder in (self.logs, self.run):
                folder.mkdir(mode=0o700, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.run):
                pass
        except OSError as error:
            why = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
            message = f"The data folder {self.path} cannot be made or written ({why}). Name another --data-dir."
            raise InternalError(message, reason="DATA_FOLDER") from error

    def processes(self) -> dict[str, int]:
        """Process ids by name, as last written."""
        return _read(self.processes_file)

    def endpoints(self) -> dict[str, str]:
        """`url`, `database_url`, `sockets` and one address per gRPC service, as last written."""
        return _read(self.endpoints_file)

    def write_processes(self, processes: Mapping[str, int]) -> None:
        """Replaces run/processes.json."""
        _write(self.processes_file, processes)

    def write_endpoints(self, endpoints: Mapping[str, str]) -> None:
        """Replaces run/endpoints.json."""
        _write(self.endpoints_file, endpoints)


@contextlib.contextmanager
def hold(folder: DataFolder) -> Iterator[int]:
    """One supervisor per data folder, and no new services beside those of a killed one.

    Yields the descriptor that services inherit: its lock is free only when the last of them has ended.
    Raises AlreadyExistsError while a supervisor lives; waits for, and at last kills, what a dead one left.
    """
    folder.create()
    with (folder.run / "supervisor.lock").open("a") as supervisor, (folder.run / "members.lock").open("a") as members:
        if not _try_lock(supervisor):
            raise AlreadyExistsError(
                f"`likeness up` already runs on {folder.path}. Stop it first, or name another --data-dir."
            )
        deadline = time.monotonic() + LEFTOVER_SECONDS
        while not _try_lock(members):
            if time.monotonic() > deadline:
                _kill_services(folder.processes())
            time.sleep(POLL_SECONDS)
        yield members.fileno()


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _kill_services(processes: Mapping[str, int]) -> None:
    for name in START_ORDER:
        pid = processes.get(name)
        if pid is not None and is_service(name, pid):
            log.warning("left-over service killed", service=name, pid=pid)
            psutil.Process(pid).kill()


def is_service(name: str, pid: int) -> bool:
    """Whether `pid` really is our service `name`: a pid that was written down may be another process by now."""
    try:
        return f"services.{name}.main" in psutil.Process(pid).cmdline()
    except psutil.Error:
        return False


def _read(file: Path) -> dict[str, Any]:
    try:
        return dict(orjson.loads(file.read_bytes()))
    except (OSError, orjson.JSONDecodeError):
        return {}


def _write(file: Path, content: Mapping[str, object]) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_bytes(orjson.dumps(dict(content), option=orjson.OPT_INDENT_2))
    fresh.chmod(0o600)
    fresh.replace(file)
