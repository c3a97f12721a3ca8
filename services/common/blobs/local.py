"""Files that are either whole and on disk, or not there."""

import os
import tempfile
from pathlib import Path


def write_durably(root: Path, path: Path, content: bytes) -> None:
    """Writes `path`, under `root`, so that a crash at any moment leaves all of it or nothing. Blocks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _write_then_rename(root, path, content)
    for folder in _up_to(root, path.parent):
        _sync(folder)


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
    inside = [folder, *folder.parents]
    return inside[: inside.index(root) + 1]


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
