"""The computing process's environment: threads, caches, the parent's pipe."""

import importlib.util
import os
import stat
import tempfile
from pathlib import Path

from services.common.process.lifecycle import PARENT_PIPE

MOST_THREADS = 8
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
STANDARD_INPUT = "0"


def environment_of(folder: Path) -> dict[str, str]:
    """This process's own environment, changed; `folder` is the last resort for compiled code."""
    threads = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1, MOST_THREADS)
    changed = {**os.environ, **dict.fromkeys(THREADS, str(threads)), PARENT_PIPE: STANDARD_INPUT}
    if "NUMBA_CACHE_DIR" not in changed and not _keeps_its_own_cache():
        changed["NUMBA_CACHE_DIR"] = str(_cache_of_user() or folder / "numba")
    return changed


def _keeps_its_own_cache() -> bool:
    """Whether numba may write compiled code beside the library, where it looks first."""
    spec = importlib.util.find_spec("umap")
    return spec is not None and spec.origin is not None and os.access(Path(spec.origin).parent, os.W_OK)


def _cache_of_user() -> Path | None:
    """A folder for compiled code that only this user can write to, None when somebody else made it first."""
    folder = Path(tempfile.gettempdir()) / f"likeness-numba-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    is_ours = found.st_uid == os.getuid() and stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o022
    return folder if is_ours else None
