"""What is written is read by the tools that it is for; the larger ones in tests/datasets."""

import io
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import webdataset
from PIL import Image
from pycocotools.coco import COCO

from services.local.datasets.writers.coco import write_coco
from services.local.datasets.writers.parquet import write_parquet
from services.local.datasets.writers.place_files import bytes_of
from services.local.datasets.writers.webdataset import write_webdataset
from tests.unit.local.datasets.writing import pictures

SPLITS = ("train", "val")


def test_pyarrow_reads_parquet_with_the_features_of_hugging_face(tmp_path: Path) -> None:
    data = pictures(tmp_path / "kept", SPLITS)
    write_parquet(tmp_path, data)
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == [
        "train-00000-of-00001.parquet",
        "validation-00000-of-00001.parquet",
    ]
    rows = []
    for path in (tmp_path / "data").iterdir():
        table = pq.read_table(path)
        features = orjson.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
        assert features["label"] == {"names": list(data.labels), "_type": "ClassLabel"}
        assert features["image"] == {"_type": "Image"}
        assert set(features) == set(table.schema.names)
        rows += table.to_pylist()
    found = {row["image"]["bytes"]: data.labels[row["label"]] for row in rows}
    assert found == {bytes_of(row): data.texts(row)[0] for row in data.rows()}
    machine = next(row for row in rows if row["label_source"] == "auto")
    assert (machine["label_confidence"], machine["label_example"]) == (0.625, "doc_0")
    assert (machine["label_model"], machine["label_taxonomy_version"]) == ("efficientnet_lite2", 3)
    assert (machine["note"][:5], orjson.loads(machine["size"]).keys()) == ("=note", {"eu"})


def test_webdataset_reads_shards(tmp_path: Path) -> None:
    data = pictures(tmp_path / "kept", SPLITS)
    write_webdataset(tmp_path, data)
    names = (tmp_path / "classes.txt").read_text(encoding="utf-8").splitlines()
    shards = sorted(map(str, tmp_path.glob("*.tar")))
    found = {}
    for sample in webdataset.WebDataset(shards, shardshuffle=False).decode("pil", handler=webdataset.reraise_exception):
        buffer = io.BytesIO()
        sample["png"].save(buffer, "PNG")
        found[sample["png"].tobytes()] = names[sample["cls"]]
        assert sample["json"]["label"] == names[sample["cls"]]
    expected = {Image.open(io.BytesIO(bytes_of(row))).convert("RGB").tobytes(): row for row in data.rows()}
    assert found == {pixels: data.texts(row)[0] for pixels, row in expected.items()}


def test_pycocotools_reads_coco(tmp_path: Path) -> None:
    data = pictures(tmp_path / "kept", SPLITS, several=True)
    write_coco(tmp_path, data)
    found = {}
    for split in SPLITS:
        coco = COCO(str(tmp_path / "annotations" / f"instances_{split}.json"))
        for image in coco.loadImgs(coco.getImgIds()):
            annotations = coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]]))
            content = (tmp_path / "images" / image["file_name"]).read_bytes()
            found[content] = [coco.cats[each["category_id"]]["name"] for each in annotations]
            assert {tuple(each["bbox"]) for each in annotations} == {(0, 0, 32, 24)}
    assert found == {bytes_of(row): data.texts(row) for row in data.rows()}
