"""One row of a data set, whatever the format: what it shows, how it is called, what it is labelled, by whom. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

SetBy = Literal["human", "auto", "import"]
SET_BY: tuple[SetBy, ...] = ("human", "auto", "import")
"""Who sets labels, as documents tell it (`services.common.labels.human_labels`)."""


class Box(NamedTuple):
    """A part of a picture in pixels: the left upper corner, width and height."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """Where a row's content is: exactly one of a file, an address, its bytes, or words."""

    path: Path | None = None
    url: str | None = None
    data: bytes | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        given = sum(each is not None for each in (self.path, self.url, self.data, self.text))
        if given != 1:
            raise ValueError(f"a row's content is one of path, url, data or text, and {given} were given")


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """A label: the segments of its path, root first (one for a flat label), and who set it.

    `field` is the field that it fills, None for the one that the data set is labelled by. The others are what a machine
    said beside it: its score (0..1), the id of the example that decided, the model, the taxonomy and its version.
    `set_at` is ISO 8601.
    """

    path: tuple[str, ...]
    field: str | None = None
    set_by: SetBy = "import"
    score: float | None = None
    example: str | None = None
    model: str | None = None
    taxonomy: str | None = None
    taxonomy_version: int | None = None
    set_at: str | None = None

    def text(self, separator: str) -> str:
        """The label as one text."""
        return separator.join(self.path)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One picture, face or text of a data set.

    `id` is unique in its set: the set's own, or the path below its root with `/`. `name` is a name for its file,
    with the suffix. `labels` are several where the set gives several. `box` is the part of the content that the row is
    about, None for all of it. `fields` is what else is known of it, as JSON.
    """

    id: str
    name: str
    content: Content
    labels: tuple[Label, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    split: str | None = None
    box: Box | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Skipped:
    """What a reader met and gave no row for, and why; `id` is what the row's would have been."""

    id: str
    reason: str
