"""FiftyOne: the folder that `fiftyone.types.LegacyFiftyOneDataset` reads, a sample per picture."""

from pathlib import Path
from typing import Any

import orjson

from services.local.datasets.row import Label, Row
from services.local.datasets.writer_types import ID, TOLD, DataSet, JsonObject
from services.local.datasets.writers.json_list import JsonFile
from services.local.datasets.writers.place_files import place_all

DATA = "data"
TRUTH = "ground_truth"


def write_fiftyone(folder: Path, data: DataSet) -> None:
    """`metadata.json`, `samples.json` and `data/`. A machine's labels have a confidence; splits are tags."""
    about = {"name": data.name, "media_type": "image", "info": {"labels": list(data.labels)}}
    (folder / "metadata.json").write_bytes(orjson.dumps({**about, "default_classes": list(data.labels)}))
    with JsonFile(folder / "samples.json") as file, file.list("samples") as add:
        for row in data.rows():
            add(_sample(row, data))
    place_all(folder / DATA, data)


def _sample(row: Row, data: DataSet) -> JsonObject:
    plain = {name: value for name, value in row.fields.items() if isinstance(value, str | int | float | bool)}
    fields = {name: value for name, value in plain.items() if name not in ("id", "filepath", "tags", "metadata")}
    return {
        "filepath": f"{DATA}/{row.name}",
        "tags": [row.split] if row.split else [],
        ID: row.id,
        TRUTH: _truth(row, data),
        **fields,
    }


def _truth(row: Row, data: DataSet) -> JsonObject | None:
    said = [_classification(label, data) for label in row.labels]
    if data.several:
        return {"_cls": "Classifications", "classifications": said}
    return said[0] if said else None


def _classification(label: Label, data: DataSet) -> JsonObject:
    told: dict[str, Any] = {name: told(label) for name, told in TOLD.items() if name != "label_confidence"}
    score = {} if label.set_by != "auto" else {"confidence": label.score}
    known = {name: value for name, value in told.items() if value is not None}
    return {"_cls": "Classification", "tags": [], "label": label.text(data.separator), **score, **known}
