"""What a reader is told, and what it gives: one row after the other, so that a set of any size fits. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from services.local.datasets.row import Row, Skipped

Kind = Literal["image", "face", "text"]
Rows = Iterator[Row | Skipped]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How to read a set.

    `label`, `content` and `id` name the columns (or fields, or controls) that hold the label, the file and the row's
    id; None lets the reader find them, `hint` is a name that the label may have. `separator` stands between the parts
    of a label. `files` is the folder of the files where they do not lie beside what names them. With `crops` boxes
    become rows.
    """

    kind: Kind = "image"
    separator: str = "/"
    label: str | None = None
    hint: str | None = None
    content: str | None = None
    id: str | None = None
    files: Path | None = None
    crops: bool = False


@dataclass(frozen=True)
class Format:
    """A format by its name: what it is in a few words, whether a path looks like it, and its reader.

    The reader raises InvalidArgumentError for what is not in this format at all.
    """

    name: str
    what: str
    is_at: Callable[[Path], bool]
    read: Callable[[Path, Reading], Rows]
