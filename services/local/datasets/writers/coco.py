"""COCO: a label is an annotation whose box is the whole picture, with who set it beside."""

from pathlib import Path

from PIL import Image

from services.local.datasets.row import Label, Row
from services.local.datasets.writer_types import TOLD, DataSet, JsonObject
from services.local.datasets.writers.json_list import Add, JsonFile
from services.local.datasets.writers.place_files import FILES, place

Size = tuple[int, int]
OWN = frozenset({"id", "file_name", "width", "height"})


def write_coco(folder: Path, data: DataSet) -> None:
    """`annotations/instances_<split>.json`, or `annotations.json` without splits, and `images/`."""
    for split in data.splits or ("",):
        path = folder / "annotations" / f"instances_{split}.json" if split else folder / "annotations.json"
        path.parent.mkdir(exist_ok=True)
        _write(path, folder / FILES, data, split)


def _write(path: Path, files: Path, data: DataSet, split: str) -> None:
    """Goes through the rows twice: annotations come behind all pictures, and would not fit in memory."""
    sizes: list[Size] = []
    with JsonFile(path) as file:
        file.value("info", {"description": data.name})
        file.value("categories", [{"id": number, "name": name} for number, name in enumerate(data.labels, 1)])
        with file.list("images") as add:
            for row in data.rows_in(split):
                sizes.append(_size(row, files))
                add(_image(row, len(sizes), sizes[-1]))
        with file.list("annotations") as add:
            _annotate(add, data, split, sizes)


def _size(row: Row, files: Path) -> Size:
    """Width and height of a row's picture, which is then where it belongs."""
    place(row, files / row.name)
    with Image.open(files / row.name) as picture:
        return picture.size


def _image(row: Row, number: int, size: Size) -> JsonObject:
    fields = {name: value for name, value in row.fields.items() if name not in OWN}
    return {**fields, "id": number, "file_name": row.name, "width": size[0], "height": size[1]}


def _annotate(add: Add, data: DataSet, split: str, sizes: list[Size]) -> None:
    numbers = {label: number for number, label in enumerate(data.labels, 1)}
    count = 0
    for image, (row, size) in enumerate(zip(data.rows_in(split), sizes, strict=True), 1):
        for label in row.labels:
            count += 1
            about = {"id": count, "image_id": image, "category_id": numbers[label.text(data.separator)]}
            add({**about, **_annotation(row, label, size)})


def _annotation(row: Row, label: Label, size: Size) -> JsonObject:
    width, height = size
    score = {"score": label.score} if label.set_by == "auto" and label.score is not None else {}
    told = {name: told(label) for name, told in TOLD.items()}
    box = {"bbox": [0, 0, width, height], "area": width * height, "iscrowd": 0, "segmentation": []}
    return {**box, "document_id": row.id, **score, **told}
