"""The system account that PostgreSQL runs as: our own, or a separate one when we are root, which it refuses."""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from services.common.errors import InternalError

SYSTEM_USER = "pgserver"
PASS_THROUGH = stat.S_IXGRP | stat.S_IXOTH
READ = stat.S_IRGRP | stat.S_IROTH


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


def postgres_account() -> Account:
    """The account for PostgreSQL, which does not run as root: then it is one of its own, made where it is missing."""
    if os.geteuid() != 0:
        return Account()
    entry = _system_user()
    return Account(user=entry.pw_uid, group=entry.pw_gid)


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    try:
        subprocess.run(["useradd", "--system", SYSTEM_USER], check=True, capture_output=True)  # noqa: S603, S607
    except (OSError, subprocess.CalledProcessError) as error:
        message = (
            f"PostgreSQL does not run as root, and no account {SYSTEM_USER} could be made for it: "
            f"`useradd --system {SYSTEM_USER}`, run likeness as another user, or set LIKENESS_DATABASE_URL."
        )
        raise InternalError(message) from error
    return pwd.getpwnam(SYSTEM_USER)


def is_open(path: Path) -> bool:
    """Whether any account may go to `path` and read what is there."""
    found = path.resolve()
    return bool(found.stat().st_mode & stat.S_IROTH) and lets_through(found)


def lets_through(path: Path) -> bool:
    """Whether any account may pass through `path` and the folders above it."""
    found = path.resolve()
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (found, *found.parents))


def copy_open(source: Path, target: Path) -> None:
    """A copy that any account may read and run, of what only ours may; what it is copied from stays as it is."""
    shutil.copytree(source, target, symlinks=True)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | READ | (PASS_THROUGH if mode & stat.S_IXUSR else 0))
