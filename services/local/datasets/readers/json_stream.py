"""Large JSON files, an item at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.common.errors import InvalidArgumentError
from services.local.datasets.optional_libraries import needs

HEAD = 65_536


def items(path: Path, prefix: str) -> Iterator[Any]:
    """The items at `prefix` (`item` for those of a list, `images.item` for those of a key), in bounded memory."""
    with needs("ijson"):
        import ijson
    try:
        with path.open("rb") as file:
            yield from ijson.items(file, prefix, use_float=True)
    except ijson.JSONError as error:
        raise InvalidArgumentError(f"{path} is not JSON: {error}.", path=str(path)) from error


def begins_as_list(path: Path) -> bool:
    """Whether the file holds a list."""
    return head_of(path).lstrip()[:1] == b"["


def head_of(path: Path) -> bytes:
    """The beginning of a file, without a mark of its encoding; empty for what cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(HEAD).removeprefix(b"\xef\xbb\xbf")
    except OSError:
        return b""


def has_keys(path: Path, *names: str) -> bool:
    """Whether the beginning of the file has all these keys of an object."""
    head = head_of(path)
    return all(f'"{name}"'.encode() in head for name in names)
