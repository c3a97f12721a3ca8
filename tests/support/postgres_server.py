"""A PostgreSQL of a test's own, in temporary folders: the product's embedded one, without its supervisor."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.local.postgres.embedded_postgres import EmbeddedPostgres
from services.local.postgres.socket_folder import make_socket_folder, remove_socket_folder

START_SECONDS = 60.0


class PostgresServer:
    """A server that can be started and stopped; its data goes with `running_postgres`."""

    def __init__(self, folder: Path, sockets: Path) -> None:
        self._postgres = EmbeddedPostgres(folder, sockets)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def programs(self) -> Path:
        """The folder of psql and the like."""
        return self._postgres.programs

    def url(self, database: str = "postgres") -> str:
        """The address of a database, over a unix socket."""
        return self._postgres.url(database)

    def start(self) -> None:
        """Returns when the server accepts connections."""
        self._postgres.prepare()
        account = self._postgres.account
        self._process = subprocess.Popen(
            self._postgres.command(),
            cwd=self._postgres.cluster,
            env=self._postgres.environment,
            stderr=subprocess.DEVNULL,
            user=account.user,
            group=account.group,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._postgres.is_ready():
            assert self._process.poll() is None, "PostgreSQL ended while it was starting"
            assert time.monotonic() < deadline, "PostgreSQL does not accept connections"
            time.sleep(0.02)

    def stop(self) -> None:
        """Ends the server at once, as a crash would, and waits for it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(START_SECONDS)
            self._process = None


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A running server whose data is removed at the end."""
    folder, sockets = Path(tempfile.mkdtemp(prefix="lkpg-")), make_socket_folder()
    folder.chmod(0o711)
    (sockets / "postgres").mkdir()
    server = PostgresServer(folder, sockets / "postgres")
    server.start()
    try:
        yield server
    finally:
        server.stop()
        remove_socket_folder(sockets)
        shutil.rmtree(folder, ignore_errors=True)
