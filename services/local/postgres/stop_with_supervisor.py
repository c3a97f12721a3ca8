"""Stops PostgreSQL when the supervisor is killed: a shell waits at the supervisor's pipe, as our services do."""

import subprocess

SCRIPT = 'cat >/dev/null; kill -INT "$0"'


class StopWithSupervisor:
    """Watches over one server process at a time."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._shell: subprocess.Popen[bytes] | None = None

    def watch(self, pid: int) -> None:
        """Makes `pid` the process that ends with us, in place of the one before."""
        self.release()
        self._shell = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", SCRIPT, str(pid)], stdin=self._pipe, start_new_session=True
        )

    def release(self) -> None:
        """Watches no more."""
        if self._shell is not None:
            self._shell.kill()
            self._shell.wait()
            self._shell = None
