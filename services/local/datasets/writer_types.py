"""What a writer is told: the set as a whole, and its rows as often as it asks for them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from services.local.datasets.row import Label, Row

JsonObject = dict[str, Any]
ID, FILE, TEXT, LABEL, SPLIT = "document_id", "file_name", "text", "label", "split"
TOLD: Mapping[str, Callable[[Label], Any]] = {
    "label_source": lambda label: label.set_by,
    "label_confidence": lambda label: label.score,
    "label_example": lambda label: label.example,
    "label_model": lambda label: label.model,
    "label_taxonomy": lambda label: label.taxonomy,
    "label_taxonomy_version": lambda label: label.taxonomy_version,
    "label_set_at": lambda label: label.set_at,
}
"""Column -> what a label tells of itself: who set it, how sure, by which example, model and taxonomy."""
OWN = frozenset({ID, FILE, TEXT, LABEL, SPLIT, *TOLD})


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A set that is to be written.

    `labels` are all there are, sorted, as texts; a label's number is its place there, in every split the same.
    `splits` is empty for a set that is not divided; then its rows have none. `columns` are the names of further fields.
    `with_files` is false where only the table is wanted, of a set that has files. `rows` reads them anew each time.
    """

    name: str
    kind: Literal["image", "text"]
    labels: tuple[str, ...]
    separator: str
    splits: tuple[str, ...]
    columns: tuple[str, ...]
    several: bool
    with_files: bool
    rows: Callable[[], Iterator[Row]]

    def texts(self, row: Row) -> list[str]:
        """The labels of a row as texts."""
        return [label.text(self.separator) for label in row.labels]

    def in_splits(self) -> Iterator[tuple[str, Iterator[Row]]]:
        """Each split with its rows; a set that is not divided is one split without a name."""
        for split in self.splits or ("",):
            yield split, self.rows_in(split)

    def rows_in(self, split: str) -> Iterator[Row]:
        """The rows of a split, an empty name for a set that is not divided."""
        return (row for row in self.rows() if (row.split or "") == split)

    def record(self, row: Row, file: str | None) -> JsonObject:
        """A row as a flat object: its id, its file or text, its label (a list where rows have several), and fields."""
        texts = self.texts(row)
        first = row.labels[0] if row.labels else None
        content = {TEXT: row.content.text} if self.kind == "text" else {FILE: file}
        return {
            ID: row.id,
            **content,
            LABEL: texts if self.several else (texts[0] if texts else None),
            **({SPLIT: row.split} if self.splits else {}),
            **{name: None if first is None else told(first) for name, told in TOLD.items()},
            **{name: value for name, value in row.fields.items() if name not in OWN},
        }


@dataclass(frozen=True, kw_only=True)
class Format:
    """A format by its name: what it is, what it cannot hold, and what writes it into an empty folder.

    `one` holds one label a row, `labelled` no row without one, `pictures` no texts. `splits` are those that the format
    needs where none are asked for.
    """

    name: str
    what: str
    write: Callable[[Path, DataSet], None]
    one: bool = False
    labelled: bool = False
    pictures: bool = False
    splits: str = ""

    def unfit(self, row: Row, kind: str) -> str | None:
        """Why the format cannot hold a row; None when it can."""
        if self.one and len(row.labels) > 1:
            return f"it has {len(row.labels)} labels, and {self.name} holds one a file"
        if self.labelled and not row.labels:
            return f"it has no label, and {self.name} holds labelled files alone"
        if kind == "image" and row.content.text is not None:
            return "it is a text among pictures"
        return "it is no text" if kind == "text" and row.content.text is None else None
