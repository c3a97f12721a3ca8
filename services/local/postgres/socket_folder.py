"""A folder for unix sockets: a socket's path may have about 100 characters, a data folder's many more."""

import shutil
import tempfile
from pathlib import Path

from services.local.postgres.account import lets_through

PREFIX = "likeness-"
LONGEST = 60
SHORT_PARENT = Path("/tmp")  # noqa: S108


def make_socket_folder() -> Path:
    """A new folder with a short path, readable only by its owner; other accounts may pass through it."""
    parent = Path(tempfile.gettempdir())
    if len(str(parent)) > LONGEST or not lets_through(parent):
        parent = SHORT_PARENT
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    folder.chmod(0o711)
    return folder


def remove_socket_folder(folder: Path) -> None:
    """Removes a folder that `make_socket_folder` made, such as a killed supervisor's; leaves any other alone."""
    if folder.name.startswith(PREFIX) and folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)
