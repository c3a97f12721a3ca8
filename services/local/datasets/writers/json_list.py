"""Large JSON files, written as they come."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

Add = Callable[[Any], None]


class JsonFile:
    """One object, whose keys are written one after the other; lists item by item."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._before = b"{"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.write(b"}\n" if self._before == b"," else b"{}\n")
        self._file.close()

    def value(self, key: str, value: Any) -> None:
        """A key with its value."""
        self._key(key)
        self._file.write(orjson.dumps(value))

    @contextmanager
    def list(self, key: str) -> Iterator[Add]:
        """A key whose value is a list; what is yielded adds an item."""
        self._key(key)
        with items(self._file.write) as add:
            yield add

    def _key(self, key: str) -> None:
        self._file.write(self._before + orjson.dumps(key) + b":")
        self._before = b","


@contextmanager
def items(write: Callable[[bytes], Any]) -> Iterator[Add]:
    """A list; what is yielded adds an item."""
    before = b"["

    def add(item: Any) -> None:
        nonlocal before
        write(before + orjson.dumps(item))
        before = b",\n"

    yield add
    write(b"[]" if before == b"[" else b"]")
