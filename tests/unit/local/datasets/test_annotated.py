"""Sets whose labels stand in a file of annotations: COCO, Label Studio, CVAT, FiftyOne."""

from pathlib import Path
from typing import Any

import pytest

from services.common.errors import InvalidArgumentError
from services.local.datasets.formats import format_of
from services.local.datasets.row import Box
from tests.unit.local.datasets.making import labels, read, write, write_json

COCO = {
    "images": [
        {"id": 1, "file_name": "a.jpg", "width": 8},
        {"id": 2, "file_name": "b.jpg"},
        {"id": 3, "file_name": "c.jpg"},
    ],
    "categories": [{"id": 5, "name": "cat"}, {"id": 9, "name": "dog"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 5, "bbox": [1, 2, 3, 4]},
        {"id": 2, "image_id": 1, "category_id": 5, "bbox": [0, 0, 2, 2]},
        {"id": 3, "image_id": 1, "category_id": 9, "bbox": []},
        {"id": 4, "image_id": 2, "category_id": 9, "bbox": [0, 0, 0, 2], "score": 0.5},
    ],
}


@pytest.mark.parametrize("place", ["labels.json", "annotations/instances_train.json", "_annotations.coco.json"])
def test_coco_gives_pictures_the_labels_of_their_annotations(tmp_path: Path, place: str) -> None:
    write(tmp_path, "images/a.jpg", "data/b.jpg")
    write_json(tmp_path / place, COCO)
    rows, skipped = read(tmp_path)
    assert format_of(tmp_path).name == "coco"
    assert labels(rows) == {"a.jpg": ["cat", "dog"], "b.jpg": ["dog"]}
    assert rows["a.jpg"].fields == {"width": 8}
    assert rows["b.jpg"].labels[0].set_by == "auto"
    assert list(skipped) == ["c.jpg"]


def test_coco_gives_boxes_when_asked(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    rows, skipped = read(write_json(tmp_path / "x.json", COCO), crops=True)
    assert {name: row.box for name, row in rows.items()} == {"a.jpg#1": Box(1, 2, 3, 4), "a.jpg#2": Box(0, 0, 2, 2)}
    assert set(skipped) == {"a.jpg#3", "b.jpg#4", "c.jpg"}


def task(number: int, annotations: list[Any], predictions: list[Any] | None = None) -> dict[str, Any]:
    data = {"image": f"/data/upload/1/{number}.jpg", "shop": "north"}
    return {"id": number, "data": data, "annotations": annotations, "predictions": predictions or []}


def chosen(*choices: str, control: str = "kind", **more: Any) -> dict[str, Any]:
    result = [{"type": "choices", "from_name": control, "to_name": "image", "value": {"choices": list(choices)}}]
    return {"result": result if choices else [], **more}


def test_label_studio_tells_people_machines_and_skipped_tasks_apart(tmp_path: Path) -> None:
    write(tmp_path, *(f"{number}.jpg" for number in range(1, 7)))
    tasks = [
        task(1, [chosen("Bag", was_cancelled=True), chosen("Shoe", updated_at="2026-01-01")]),
        task(2, [chosen("Hat", was_cancelled=True)]),
        task(3, [], [chosen("Bag", score=0.4, model_version="v2")]),
        task(4, [chosen()]),
        task(5, [chosen("Shoe", updated_at="2026-01-02"), chosen("Hat", ground_truth=True, updated_at="2026-01-01")]),
        task(
            6,
            [
                chosen("Shoe", "Hat"),
            ],
        ),
        task(7, []),
    ]
    write_json(tmp_path / "tasks.json", tasks)
    rows, skipped = read(tmp_path)
    assert labels(rows) == {"1": ["Shoe"], "2": [], "3": ["Bag"], "4": [], "5": ["Hat"], "6": ["Shoe", "Hat"]}
    states = [row.fields["annotation_status"] for row in rows.values()]
    assert states == ["labelled", "cancelled", "open", "empty", "labelled", "labelled"]
    assert rows["1"].labels[0].set_by == "human"
    predicted = rows["3"].labels[0]
    assert (predicted.set_by, predicted.score, predicted.model) == ("auto", 0.4, "v2")
    assert rows["1"].fields["shop"] == "north"
    assert list(skipped) == ["7"]


def test_label_studio_with_two_questions_a_taxonomy_and_boxes(tmp_path: Path) -> None:
    write(tmp_path, "1.jpg")
    place = {"type": "taxonomy", "from_name": "where", "value": {"taxonomy": [["Europe", "France"]]}}
    box = {"x": 10, "y": 20, "width": 50, "height": 25, "rectanglelabels": ["Wheel"]}
    boxed = {
        "id": "r1",
        "type": "rectanglelabels",
        "from_name": "box",
        "original_width": 200,
        "original_height": 100,
        "value": box,
    }
    annotation = {"result": [*chosen("Shoe")["result"], place, boxed]}
    source = write_json(tmp_path / "tasks.json", [task(1, [annotation])])
    rows, _ = read(source, files=tmp_path)
    assert [(label.field, label.path) for label in rows["1"].labels] == [
        (None, ("Shoe",)),
        ("where", ("Europe", "France")),
    ]
    rows, _ = read(source, files=tmp_path, crops=True)
    assert rows["1#r1"].box == Box(20, 20, 100, 25)
    assert labels(rows) == {"1#r1": ["Wheel"]}


CVAT = """<?xml version="1.0"?><annotations><version>1.1</version>
<image id="0" name="x/a.jpg" subset="Train"><tag label="cat" source="manual"><attribute name="age">042</attribute></tag>
<box label="ear" xtl="1" ytl="2" xbr="4" ybr="6"/></image>
<image id="1" name="b.jpg"><tag label="dog" source="auto"/></image><image id="2" name="c.jpg"/></annotations>"""


def test_cvat_gives_tags(tmp_path: Path) -> None:
    write(tmp_path, "images/x/a.jpg", "images/b.jpg")
    (tmp_path / "annotations.xml").write_text(CVAT)
    rows, skipped = read(tmp_path)
    assert labels(rows) == {"x/a.jpg": ["cat"], "b.jpg": ["dog"]}
    assert [row.labels[0].set_by for row in rows.values()] == ["human", "auto"]
    assert (rows["x/a.jpg"].fields, rows["x/a.jpg"].split) == ({"age": "042"}, "train")
    assert list(skipped) == ["c.jpg"]
    assert read(tmp_path, crops=True)[0]["x/a.jpg#1"].box == Box(1, 2, 3, 4)


def test_xml_that_would_grow_is_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "bbb">]><annotations>&b;</annotations>'
    (tmp_path / "annotations.xml").write_text(bomb)
    with pytest.raises(InvalidArgumentError, match="cannot be read as XML"):
        read(tmp_path)


def sample(name: str, **fields: Any) -> dict[str, Any]:
    return {"_id": {"$oid": name}, "filepath": f"data/{name}", "tags": [], "metadata": None, **fields}


def one(label: str, confidence: float | None = None) -> dict[str, Any]:
    return {"_cls": "Classification", "label": label, "confidence": confidence}


def test_fiftyone_keeps_labels_with_slashes_and_tells_machines(tmp_path: Path) -> None:
    write(tmp_path, "data/1.jpg", "data/2.jpg", "data/3.jpg")
    write_json(tmp_path / "metadata.json", {"name": "x"})
    samples = [
        sample("1.jpg", ground_truth=one("a/b"), tags=["train", "odd"], price=3),
        sample("2.jpg", ground_truth=None, prediction=one("dog", 0.6)),
        sample("3.jpg", ground_truth=one("cat"), weather=one("sunny")),
    ]
    write_json(tmp_path / "samples.json", {"samples": samples})
    rows, _ = read(tmp_path)
    assert labels(rows) == {"data/1.jpg": ["a/b"], "data/2.jpg": ["dog"], "data/3.jpg": ["cat", "sunny"]}
    assert rows["data/2.jpg"].labels[0].set_by == "auto"
    assert [label.field for label in rows["data/3.jpg"].labels] == [None, "weather"]
    assert rows["data/1.jpg"].split == "train"
    assert rows["data/1.jpg"].fields == {"price": 3, "tags": ["odd"]}


def test_json_that_breaks_off_is_told(tmp_path: Path) -> None:
    (tmp_path / "tasks.json").write_text('[{"id": 1, "data": {"image": "1.jpg"}, "annotations": [')
    with pytest.raises(InvalidArgumentError, match="is not JSON"):
        read(tmp_path / "tasks.json")
