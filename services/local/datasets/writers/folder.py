"""A folder per label, as torchvision's ImageFolder and Hugging Face's imagefolder read it; and YOLO's classification.

What a label rests on stands in `rows.jsonl`: a file that is called metadata would make Hugging Face drop the labels.
"""

from pathlib import Path

from services.common.errors import InvalidArgumentError
from services.local.datasets.row import Row
from services.local.datasets.writer_types import DataSet
from services.local.datasets.writers.place_files import ROWS, json_line, place

UNLABELLED = "_unlabeled"
BETWEEN = "--"
RESERVED = frozenset({"", ".", ".."})


def write_folder(folder: Path, data: DataSet) -> None:
    """`<label>/<file>`, below `<split>/` where there are splits; the parts of a label are folders in folders."""
    with (folder / ROWS).open("wb") as told:
        for row in data.rows():
            path = row.labels[0].path if row.labels else (UNLABELLED,)
            file = "/".join((*([row.split] if row.split else []), *(_part(each) for each in path), row.name))
            place(row, folder / file)
            told.write(json_line(data.record(row, file) | {"file_name": file}))


def write_yolo(folder: Path, data: DataSet) -> None:
    """`<split>/<label>/<file>`. Every split has every label's folder: YOLO numbers labels by the folders of a split."""
    names = yolo_names(data.labels)
    for split in data.splits:
        for name in names.values():
            (folder / split / name).mkdir(parents=True, exist_ok=True)
    with (folder / ROWS).open("wb") as told:
        for row in data.rows():
            file = f"{row.split}/{names[_text(row, data)]}/{row.name}"
            place(row, folder / file)
            told.write(json_line(data.record(row, file)))


def yolo_names(labels: tuple[str, ...]) -> dict[str, str]:
    """Label -> the one folder that it has; InvalidArgumentError where two would have the same."""
    names = {label: _part(label.replace("/", BETWEEN)) for label in labels}
    if len(set(names.values())) < len(names):
        message = f"Two labels differ in '/' and '{BETWEEN}' alone, and YOLO's folders have no '/'; rename one of them."
        raise InvalidArgumentError(message)
    return names


def _text(row: Row, data: DataSet) -> str:
    return data.texts(row)[0]


def _part(name: str) -> str:
    """A part of a label as the name of a folder; one that would be hidden, or lead elsewhere, gets an underscore."""
    safe = name.replace("/", BETWEEN).replace("\0", "")
    return f"_{safe}" if safe in RESERVED or safe.startswith(".") else safe
