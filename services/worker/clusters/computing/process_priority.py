"""How the computing process lives: behind the ingest, quiet, and no longer than its parent."""

import contextlib
import ctypes
import os
import signal
import sys
import warnings
from pathlib import Path

from services.common.process.lifecycle import watch_parent

NICENESS = 10
# When memory runs out, the kernel is to take this process and not the database.
OOM_SCORE, FIRST_TO_GO = Path("/proc/self/oom_score_adj"), "800"
PR_SET_PDEATHSIG = 1
STANDARD_OUTPUT, STANDARD_ERROR = 1, 2


def settle() -> int:
    """Makes this process a modest child; the descriptor on which its parent listens.

    Compiled code may hold the interpreter's lock for long, so that no thread of ours sees the pipe end: Linux kills it.
    """
    parent = os.getppid()
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
        OOM_SCORE.write_text(FIRST_TO_GO)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    watch_parent()
    if os.getppid() != parent:
        sys.exit("the parent died")
    warnings.simplefilter("ignore")
    telling = os.dup(STANDARD_OUTPUT)
    os.dup2(STANDARD_ERROR, STANDARD_OUTPUT)
    return telling
