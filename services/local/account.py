"""The system account that PostgreSQL runs as: our own, or a separate one when we are root, which it refuses."""

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import structlog

SYSTEM_USER = "pgserver"
PASS_THROUGH = stat.S_IXGRP | stat.S_IXOTH
READ = stat.S_IRGRP | stat.S_IROTH
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Account:
    """A user to run as; None means whoever we are."""

    user: int | None = None
    group: int | None = None

    def own(self, folder: Path) -> None:
        """Makes this account the owner of `folder`, closed to others."""
        folder.chmod(0o700)
        if self.user is not None and self.group is not None:
            os.chown(folder, self.user, self.group)


def postgres_account(installation: Path, *folders: Path) -> Account:
    """The account for PostgreSQL. As root it is created, may read `installation` and reach `folders`."""
    if os.geteuid() != 0:
        return Account()
    entry = _system_user()
    for path in (installation, *folders):
        _let_through(path)
    _let_read(installation)
    return Account(user=entry.pw_uid, group=entry.pw_gid)


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", SYSTEM_USER], check=True, capture_output=True)  # noqa: S603, S607
        return pwd.getpwnam(SYSTEM_USER)


def _let_through(path: Path) -> None:
    for parent in path.resolve().parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            log.warning("folder opened for passing through, not for reading", folder=str(parent), user=SYSTEM_USER)
            parent.chmod(mode | PASS_THROUGH)


def _let_read(installation: Path) -> None:
    """An installation made under a tight umask is closed to other accounts."""
    if installation.stat().st_mode & stat.S_IROTH:
        return
    for path in (installation, *installation.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | READ | (PASS_THROUGH if mode & stat.S_IXUSR else 0))
