"""What `likeness export` writes, read by the large libraries that it is for; they have an environment of their own."""

import csv
import json
from pathlib import Path
from typing import Any

import datasets
import pytest
from datumaro.components.annotation import AnnotationType
from datumaro.components.dataset import Dataset
from fiftyone.utils.data.importers import LegacyFiftyOneDatasetImporter
from label_studio_sdk.converter import Converter

from services.local.datasets.row import Content, Label, Row
from services.local.datasets.writer_types import DataSet
from services.local.datasets.writers.coco import write_coco
from services.local.datasets.writers.cvat import write_cvat
from services.local.datasets.writers.fiftyone import write_fiftyone
from services.local.datasets.writers.folder import write_folder
from services.local.datasets.writers.label_studio import write_label_studio
from services.local.datasets.writers.parquet import write_parquet
from services.local.datasets.writers.place_files import bytes_of
from services.local.datasets.writers.tables import write_csv
from tests.unit.local.datasets.writing import data_of, picture, pictures

SPLITS = ("train", "val")


@pytest.fixture
def data(tmp_path: Path) -> DataSet:
    return pictures(tmp_path / "kept", SPLITS)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def expected(data: DataSet) -> dict[bytes, str]:
    return {bytes_of(row): data.texts(row)[0] for row in data.rows()}


def loaded(path: Path, out: Path, **options: Any) -> datasets.DatasetDict:
    return datasets.load_dataset(str(path), cache_dir=str(out.parent / "cache"), **options)


def labels_in(found: datasets.DatasetDict) -> dict[bytes, str]:
    """Picture -> label, over all splits."""
    labels = {}
    for split in found.values():
        names = split.features["label"]
        for row in split.cast_column("image", datasets.Image(decode=False)):
            image = row["image"]
            labels[image["bytes"] or Path(image["path"]).read_bytes()] = names.int2str(row["label"])
    return labels


def test_hugging_face_reads_parquet_with_its_features(data: DataSet, out: Path) -> None:
    write_parquet(out, data)
    found = loaded(out, out)
    assert set(found) == {"train", "validation"}
    assert found["train"].features["image"] == datasets.Image()
    assert found["train"].features["label"] == datasets.ClassLabel(names=list(data.labels))
    assert labels_in(found) == expected(data)
    assert found["train"][0]["image"].size == (32, 24)


def test_hugging_face_reads_several_labels(tmp_path: Path, out: Path) -> None:
    data = pictures(tmp_path / "kept", several=True)
    write_parquet(out, data)
    found = loaded(out, out)["train"]
    names = found.features["label"].feature
    assert [[names.int2str(each) for each in row["label"]] for row in found] == [data.texts(row) for row in data.rows()]


def test_hugging_face_reads_folders_and_their_labels(data: DataSet, out: Path) -> None:
    write_folder(out, data)
    found = loaded(Path("imagefolder"), out, data_dir=str(out))
    assert set(found) == {"train", "validation"}
    assert labels_in(found) == expected(data)


def test_hugging_face_reads_the_table(data: DataSet, out: Path) -> None:
    write_csv(out, data)
    found = loaded(Path("csv"), out, data_files=str(out / "data.csv"))["train"]
    assert {(out / row["file_name"]).read_bytes(): row["label"] for row in found} == expected(data)


def test_label_studio_converts_annotations_and_predictions(data: DataSet, out: Path) -> None:
    write_label_studio(out, data)
    tasks = json.loads((out / "tasks.json").read_text())
    predicted = {task["data"]["document_id"]: task["predictions"] for task in tasks if task["predictions"]}
    assert {row.id for row in data.rows() if row.labels[0].set_by == "auto"} == set(predicted)
    (prediction,) = next(iter(predicted.values()))
    assert (prediction["model_version"], prediction["score"]) == ("efficientnet_lite2", 0.625)
    converter = Converter(config=(out / "config.xml").read_text(), project_dir=None)
    converter.convert_to_csv(str(out / "tasks.json"), str(out / "converted"), is_dir=False, sep=",")
    with (out / "converted" / "result.csv").open(newline="") as file:
        answers = {row["document_id"]: row["label"] for row in csv.DictReader(file)}
    people = {row.id: data.texts(row)[0] for row in data.rows() if row.labels[0].set_by != "auto"}
    assert {key: answer for key, answer in answers.items() if answer} == people


def test_label_studio_converts_nested_labels(tmp_path: Path, out: Path) -> None:
    path = picture(tmp_path / "kept.png", 1, (9, 9, 9))
    label = Label(path=("shoes", "running"), set_by="human")
    data = data_of([Row(id="doc_1", name="a.png", content=Content(path=path), labels=(label,))])
    write_label_studio(out, data)
    converter = Converter(config=(out / "config.xml").read_text(), project_dir=None)
    converter.convert_to_json_min(str(out / "tasks.json"), str(out / "converted"), is_dir=False)
    (answer,) = json.loads((out / "converted" / "result.json").read_text())
    assert "running" in json.dumps(answer["label"])


@pytest.mark.parametrize("split", SPLITS)
def test_datumaro_reads_tags(data: DataSet, out: Path, split: str) -> None:
    write_cvat(out, data)
    found = Dataset.import_from(str(out), "cvat", subset=split)
    names = found.categories()[AnnotationType.label]
    told = {item.id: [names[each.label].name for each in item.annotations] for item in found}
    assert told == {row.name.removesuffix(".png"): data.texts(row) for row in data.rows_in(split)}
    machine = [each for item in found for each in item.annotations if each.attributes["label_source"] == "auto"]
    assert all(each.attributes["label_example"] == "doc_0" for each in machine)


def test_datumaro_reads_coco(data: DataSet, out: Path) -> None:
    write_coco(out, data)
    found = Dataset.import_from(str(out), "coco_instances")
    names = found.categories()[AnnotationType.label]
    told = {item.media.path: names[item.annotations[0].label].name for item in found}
    assert {Path(path).read_bytes(): label for path, label in told.items()} == expected(data)


def test_fiftyone_reads_samples_without_its_server(data: DataSet, out: Path) -> None:
    write_fiftyone(out, data)
    with LegacyFiftyOneDatasetImporter(str(out)) as importer:
        samples = list(importer)
    assert {Path(each.filepath).read_bytes(): each["ground_truth"].label for each in samples} == expected(data)
    assert {each.tags[0] for each in samples} == set(SPLITS)
    assert sorted(each["ground_truth"].confidence or 0 for each in samples)[-3:] == [0.625] * 3
