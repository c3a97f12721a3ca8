"""Pictures or texts in folders: a folder per label, nested ones for labels of several parts, or no label at all.

A file of metadata beside them (`metadata.csv` or `.jsonl`, as Hugging Face has it, or the only table that names these
files) gives further fields and, where it names a label, labels; it takes no label away that a folder gives.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from services.common.errors import InvalidArgumentError
from services.local.datasets import files
from services.local.datasets.parse_labels import label_of, normal
from services.local.datasets.reader_types import Reading, Rows
from services.local.datasets.readers.records import Columns, Record, fields_of, labels_in
from services.local.datasets.readers.tables import only_table, records_of, tells_of
from services.local.datasets.row import Label, Row, Skipped

UNLABELLED = "_unlabeled"
NOTES = ("README", "LICENSE", "LICENCE", "SOURCES")
METADATA = ("metadata.csv", "metadata.tsv", "metadata.jsonl")


def read_folder(root: Path, reading: Reading, split: str | None = None) -> Rows:
    """Every file below `root`: its label is the path of its folder; of files in `root` itself there is none."""
    known = Known(root, reading)
    yield from (known.row_of(path, split) for path in files.walk(root) if path not in known.sources)
    yield from known.left_over(split)


class Known:
    """What the files of metadata below a folder tell of its files."""

    def __init__(self, root: Path, reading: Reading) -> None:
        self._root, self._reading = root, reading
        self.sources = [path for name in METADATA if (path := root / name).is_file()] or _table_of(root)
        self._records: dict[str, tuple[Columns, Record]] = {}
        for source in self.sources:
            columns, records = records_of(source, reading)
            for _, record in records:
                self._records[normal(str(record.get(columns.content)))] = (columns, record)

    def row_of(self, path: Path, split: str | None) -> Row | Skipped:
        """The row of a file, or why it is none."""
        place = files.place(path, self._root)
        name = f"{split}/{place}" if split else place
        if path.parent == self._root and path.stem.upper() in NOTES:
            return Skipped(id=name, reason="describes the set, and is not of it")
        if reason := files.unfit(path.name, self._reading.kind):
            return Skipped(id=name, reason=reason)
        content = files.file_content(path)
        if isinstance(content, str):
            return Skipped(id=name, reason=content)
        labels, fields = self._told(place)
        labels = labels or _of_folders(place.split("/")[:-1], self._reading.separator)
        return Row(id=name, name=files.shown(path.name), content=content, labels=labels, fields=fields, split=split)

    def left_over(self, split: str | None) -> Iterator[Skipped]:
        """What the files of metadata tell of files that are not there; asked for when all rows have been read."""
        for name in self._records:
            yield Skipped(
                id=f"{split}/{name}" if split else name, reason="the metadata names it, and no such file is there"
            )

    def _told(self, place: str) -> tuple[tuple[Label, ...], Mapping[str, object]]:
        if place not in self._records:
            return (), {}
        columns, record = self._records.pop(place)
        return labels_in(record, columns, self._reading), fields_of(record, columns)


def _table_of(root: Path) -> list[Path]:
    table = only_table(root)
    return [table] if table is not None and tells_of(table, root) else []


def _of_folders(parts: Sequence[str], separator: str) -> tuple[Label, ...]:
    if not parts or parts[0] == UNLABELLED:
        return ()
    label = label_of(separator.join(parts), separator)
    return () if label is None else (label,)


SPLITS = ("train", "val", "valid", "validation", "dev", "test")


def splits_of(root: Path) -> list[Path]:
    """The folders of a set that is divided into splits of folders per label; none where it is not.

    A label may be called `test` or `train`: only where every folder is a split, `train` is there, and what they hold
    is folders, are they splits.
    """
    if not root.is_dir():
        return []
    inside = sorted(path for path in root.iterdir() if path.is_dir() and not files.is_junk(path.name))
    names = {path.name for path in inside}
    divided = "train" in names and names <= set(SPLITS) and all(_holds_folders(path) for path in inside)
    return inside if divided else []


def _holds_folders(path: Path) -> bool:
    return any(each.is_dir() and not files.is_junk(each.name) for each in path.iterdir())


def read_splits(root: Path, reading: Reading) -> Rows:
    """Each split's folders per label, as YOLO's classification and torchvision have them."""
    found = splits_of(root)
    if not found:
        message = f"{root} has no train/<label>/<file>; a folder per label is the format 'folder'."
        raise InvalidArgumentError(message, path=str(root))
    for path in sorted(root.iterdir()):
        if path.is_file() and not files.is_junk(path.name):
            yield Skipped(id=path.name, reason="lies beside the splits, not in one")
    for path in found:
        yield from read_folder(path, reading, path.name)
