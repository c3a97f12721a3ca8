"""Rows on their way from the database to a file: kept on disk, read as often as needed."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson


class Spool:
    """Writes rows down, one line each, so that the file is one of JSON lines; `count` says how many."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._file = path.open("wb")

    def add(self, row: Any) -> None:
        """Writes a row."""
        self._file.write(orjson.dumps(row) + b"\n")
        self.count += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """No more is added."""
        self._file.close()

    def rows(self) -> Iterator[Any]:
        """Each row."""
        with self.path.open("rb") as file:
            for line in file:
                yield orjson.loads(line)
