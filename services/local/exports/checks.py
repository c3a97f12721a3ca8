"""What an export refuses before it begins, and what a disk may do to it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from services.common.errors import InternalError, InvalidArgumentError

WITHOUT_FILES = ("csv", "jsonl", "parquet")
FULL = (errno.ENOSPC, errno.EDQUOT)


def require_files(form: str, *, with_files: bool) -> None:
    """InvalidArgumentError where a format is nothing without its files."""
    if not with_files and form not in WITHOUT_FILES:
        message = f"--no-files: '{form}' is made of files; the tables are {', '.join(WITHOUT_FILES)}."
        raise InvalidArgumentError(message, path="--no-files")


def checked_filters(text: str | None) -> str | None:
    """The filter, which must be a JSON object; what is in it the server judges."""
    if text is None:
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidArgumentError(f"--filters is not JSON: {error}.", path="--filters") from error
    if not isinstance(found, dict):
        raise InvalidArgumentError("--filters must be a JSON object.", path="--filters")
    return text


@contextmanager
def disk_faults(path: Path) -> Iterator[None]:
    """Turns what a disk refuses into a sentence; what was fetched stays for the next run."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            message = f"The disk of {path} is full. Make room and give the same command again: it goes on from here."
            raise InternalError(message, reason="DISK_FULL") from error
        where = f": {error.filename}" if error.filename else ""
        raise InternalError(f"{path} cannot be written ({error.strerror}{where}).", reason="DISK") from error
