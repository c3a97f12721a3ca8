"""The account of an import: every row is new, was there, or was skipped for a reason that stands in a file."""

import contextlib
import csv
import re
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from services.common.errors import InternalError
from services.local.imports.survey import digest

CODE = re.compile(r"^[A-Z][A-Z_]+: ")


class Account:
    """Counts, and the file of what was skipped, which is made when there is something to write; a context manager.

    `here` are the digests of the ids that are in the bucket, and whether they were before this import.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sent = 0
        self.present = 0
        self.here: dict[bytes, bool] = {}
        self.reasons: Counter[str] = Counter()
        self._file: IO[str] | None = None
        self._rows: Any = None

    def __enter__(self) -> "Account":
        if self.path.is_file():
            self.path.unlink()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            # Every line has been flushed, or its failure told.
            with contextlib.suppress(OSError):
                self._file.close()

    @property
    def skipped(self) -> int:
        """How many rows were skipped."""
        return self.reasons.total()

    def keep(self, name: str, *, was_there: bool) -> None:
        """Counts a row that is in the bucket."""
        self.here[digest(name)] = was_there
        self.present += was_there
        self.sent += not was_there

    def fail(self, name: str, reason: str) -> None:
        """Writes down a row that is in the bucket and could not be processed; nothing of one of another set."""
        was_there = self.here.pop(digest(name), None)
        if was_there is not None:
            self.present -= was_there
            self.sent -= not was_there
            self.skip(name, reason)

    def skip(self, name: str, reason: str) -> None:
        """Writes down a row that was skipped, and why."""
        try:
            self._write(name, reason)
        except OSError as error:
            message = f"{self.path} cannot be written ({error.strerror}); name another file with --skipped."
            raise InternalError(message) from error
        self.reasons[summary(reason)] += 1

    def _write(self, name: str, reason: str) -> None:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("w", encoding="utf-8", errors="backslashreplace", newline="", buffering=1)
            self._rows = csv.writer(self._file)
            self._rows.writerow(("id", "reason"))
        self._rows.writerow((name, reason))


def summary(reason: str) -> str:
    """A reason without what is of one row alone, so that many rows have one reason."""
    return CODE.sub("", reason).partition(":")[0].strip()
