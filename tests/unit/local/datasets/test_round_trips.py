"""What is written in a format is read again from it: the same pictures, the same labels."""

from pathlib import Path

import pytest

from services.local.datasets.formats import format_of, rows_of
from services.local.datasets.reader_types import Reading
from services.local.datasets.row import Content, Label, Row
from services.local.datasets.writer_types import DataSet, Format
from services.local.datasets.writers.formats import FORMATS, writer_of
from services.local.datasets.writers.place_files import bytes_of
from tests.unit.local.datasets.writing import data_of, picture, pictures, texts

FILES = {"csv": "data.csv", "jsonl": "data.jsonl", "label-studio": "tasks.json"}
SPLITS = ("train", "val")
TELL_SPLITS = frozenset({"csv", "jsonl", "parquet", "yolo", "cvat", "fiftyone"})
TELL_WHO = frozenset({"csv", "jsonl", "parquet", "webdataset"})


def written(form: Format, folder: Path, data: DataSet) -> Path:
    """Where a reader finds what was written."""
    folder.mkdir()
    form.write(folder, data)
    return folder / FILES.get(form.name, "")


def read(form: Format, path: Path, **reading: object) -> list[Row]:
    """The rows that are read, whose format is seen by itself; folders per label may be seen by splits or rows."""
    assert format_of(path).name in (form.name, "yolo", "jsonl")
    files = path.parent if form.name == "label-studio" else None
    return [row for row in rows_of(path, Reading(files=files, **reading)) if isinstance(row, Row)]  # type: ignore[arg-type]


def told(rows: list[Row]) -> dict[bytes, list[str]]:
    """Content -> labels."""
    return {bytes_of(row): [label.text("/") for label in row.labels] for row in rows}


@pytest.mark.parametrize("form", FORMATS, ids=lambda each: each.name)
def test_pictures_and_labels_come_back(form: Format, tmp_path: Path) -> None:
    data = pictures(tmp_path / "kept", SPLITS)
    rows = read(form, written(form, tmp_path / "out", data))
    assert told(rows) == told(list(data.rows()))
    if form.name in TELL_SPLITS:
        renamed = {"validation": "val"}
        found = {bytes_of(row): renamed.get(row.split or "", row.split) for row in rows}
        assert found == {bytes_of(row): row.split for row in data.rows()}
    if form.name in TELL_WHO:
        who = {bytes_of(row): [label.set_by for label in row.labels] for row in rows}
        assert who == {bytes_of(row): [label.set_by for label in row.labels] for row in data.rows()}


@pytest.mark.parametrize("name", ["folder", "coco", "csv", "parquet", "webdataset", "cvat", "fiftyone", "label-studio"])
def test_a_set_without_splits_comes_back(name: str, tmp_path: Path) -> None:
    data, form = pictures(tmp_path / "kept"), writer_of(name)
    assert told(read(form, written(form, tmp_path / "out", data))) == told(list(data.rows()))


@pytest.mark.parametrize("name", ["jsonl", "parquet", "coco", "label-studio", "cvat", "fiftyone"])
def test_several_labels_of_a_picture_come_back(name: str, tmp_path: Path) -> None:
    data, form = pictures(tmp_path / "kept", several=True), writer_of(name)
    rows = read(form, written(form, tmp_path / "out", data))
    assert {key: sorted(labels) for key, labels in told(rows).items()} == {
        key: sorted(labels) for key, labels in told(list(data.rows())).items()
    }


@pytest.mark.parametrize("name", ["csv", "jsonl", "parquet", "webdataset", "label-studio"])
def test_texts_come_back(name: str, tmp_path: Path) -> None:
    data, form = texts(), writer_of(name)
    rows = read(form, written(form, tmp_path / "out", data), kind="text")
    assert told(rows) == told(list(data.rows()))


@pytest.mark.parametrize("name", ["folder", "csv", "parquet", "label-studio", "cvat"])
def test_labels_of_several_parts_come_back(name: str, tmp_path: Path) -> None:
    path, form = picture(tmp_path / "kept.png", 1, (9, 9, 9)), writer_of(name)
    label = Label(path=("shoes", "running"), set_by="human")
    data = data_of([Row(id="doc_1", name="a.png", content=Content(path=path), labels=(label,))])
    (row,) = read(form, written(form, tmp_path / "out", data))
    assert [each.path for each in row.labels] == [("shoes", "running")]


def test_the_scores_of_machines_and_their_models_are_told(tmp_path: Path) -> None:
    data = pictures(tmp_path / "kept")
    for name in ("csv", "label-studio", "fiftyone", "coco", "parquet"):
        form = writer_of(name)
        rows = read(form, written(form, tmp_path / name, data))
        machines = [label for row in rows for label in row.labels if label.set_by == "auto"]
        assert [label.score for label in machines] == [0.625] * 3, name
