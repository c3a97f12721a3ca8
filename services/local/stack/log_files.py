"""The log files of the services: bounded in size, and the place to look when one does not start."""

import shutil
from pathlib import Path

LOG_BYTES = 20_000_000
TAIL_BYTES = 4000


def bound_log(log_file: Path) -> None:
    """Moves the content of a log that has grown too long aside; its writer goes on in the emptied file."""
    if log_file.exists() and log_file.stat().st_size > LOG_BYTES:
        shutil.copyfile(log_file, log_file.with_suffix(".log.1"))
        with log_file.open("r+b") as opened:
            opened.truncate()


def last_line(log_file: Path) -> str:
    """The end of a log, which in a traceback is the error itself, and where to read more."""
    lines = log_file.read_bytes()[-TAIL_BYTES:].decode(errors="replace").split("\n") if log_file.exists() else []
    said = next((line.strip() for line in reversed(lines) if line.strip()), "it wrote nothing")
    return f"{said} (see {log_file})"
