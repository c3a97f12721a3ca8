"""Files that are either whole and on disk, or not there."""

import contextlib
import errno
import os
import tempfile
from pathlib import Path

BLOCK = 4096
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EXDEV, errno.EMLINK)


class DurableFolder:
    """Writes files under `root` so that a crash at any moment leaves all of a file or nothing. Blocks."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._synced: set[Path] = set()

    def write(self, name: str, content: bytes) -> None:
        """Once this returns, the file `name` (with `/` for folders) and the folders on the way to it are on disk."""
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write_then_rename(self._root, path, content)
        self._sync_up(path)

    def probe(self) -> None:
        """Writes a block beside the files and takes it away."""
        self._root.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".writing-", dir=self._root)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(bytes(BLOCK))
                file.flush()
                os.fsync(file.fileno())
        finally:
            Path(name).unlink(missing_ok=True)

    def link(self, source: str, name: str) -> None:
        """Gives the content of the file `source`, which is on disk, the name `name` too."""
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            try:
                os.link(self._root / source, path)
            except OSError as error:
                if error.errno not in NO_LINKS:
                    raise
                _write_then_rename(self._root, path, (self._root / source).read_bytes())
        self._sync_up(path)

    def _sync_up(self, path: Path) -> None:
        _sync(path.parent)
        for folder in _up_to(self._root, path.parent):
            self._sync_once(folder)

    def _sync_once(self, folder: Path) -> None:
        """A folder's own entry, in the folder above it, is made once and never changes."""
        if folder not in self._synced:
            _sync(folder.parent)
            self._synced.add(folder)


def _write_then_rename(root: Path, path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=".writing-", dir=root)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _up_to(root: Path, folder: Path) -> list[Path]:
    """The folders below `root` on the way to `folder`, itself included."""
    inside = [folder, *folder.parents]
    return inside[: inside.index(root)]


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
