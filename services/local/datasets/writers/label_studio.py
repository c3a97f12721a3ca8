"""Label Studio: tasks; people's labels are annotations, and a machine's are predictions with score and model."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from services.local.datasets.row import Label, Row
from services.local.datasets.writer_types import FILE, LABEL, DataSet, JsonObject
from services.local.datasets.writers.json_list import items
from services.local.datasets.writers.place_files import FILES, place_all

CONTROL = "label"
OTHERWISE = frozenset({FILE, LABEL})
"""What a task says in other places; a question of the same name as a field of the data hides its answer."""
LOCAL = "/data/local-files/?d="
CONFIG = """<View>
  <{kind} name="{content}" value="${content}"/>
{control}
</View>
"""


def write_label_studio(folder: Path, data: DataSet) -> None:
    """`tasks.json`, `config.xml` for the project's interface, and `images/`, to be served as local files."""
    nested = any(data.separator in label for label in data.labels)
    (folder / "config.xml").write_text(_config(data, nested=nested), encoding="utf-8")
    with (folder / "tasks.json").open("wb") as file, items(file.write) as add:
        for number, row in enumerate(data.rows(), 1):
            add(_task(number, row, data, nested=nested))
    place_all(folder / FILES, data)


def _task(number: int, row: Row, data: DataSet, *, nested: bool) -> JsonObject:
    said = [label for label in row.labels if label.set_by != "auto"]
    predicted = [label for label in row.labels if label.set_by == "auto"]
    record = {
        name: value for name, value in data.record(row, None).items() if name not in OTHERWISE and value is not None
    }
    content = {} if data.kind == "text" else {"image": f"{LOCAL}{FILES}/{row.name}"}
    return {
        "id": number,
        "data": {**record, **content},
        "annotations": [_annotation(number, said, data, nested=nested)] if said else [],
        "predictions": [_prediction(number, each, data, nested=nested) for each in predicted],
    }


def _annotation(number: int, labels: list[Label], data: DataSet, *, nested: bool) -> JsonObject:
    result = _result(f"a{number}", labels, data, nested=nested)
    return {"id": number, "result": [result], "was_cancelled": False, "ground_truth": False}


def _prediction(number: int, label: Label, data: DataSet, *, nested: bool) -> JsonObject:
    result: Mapping[str, Any] = _result(f"p{number}", [label], data, nested=nested)
    version = label.model or label.taxonomy or "likeness"
    return {"model_version": version, "score": label.score, "result": [{**result, "score": label.score}]}


def _result(key: str, labels: list[Label], data: DataSet, *, nested: bool) -> JsonObject:
    kind = "taxonomy" if nested else "choices"
    values: list[Any] = [list(each.path) if nested else each.text(data.separator) for each in labels]
    return {"id": key, "from_name": CONTROL, "to_name": data.kind, "type": kind, "value": {kind: values}}


def _config(data: DataSet, *, nested: bool) -> str:
    kind = "Text" if data.kind == "text" else "Image"
    control = _taxonomy(data) if nested else _choices(data)
    return CONFIG.format(kind=kind, content=data.kind, control=control)


def _choices(data: DataSet) -> str:
    choice = "multiple" if data.several else "single"
    lines = "\n".join(f'    <Choice value="{escape(label)}"/>' for label in data.labels)
    return f'  <Choices name="{CONTROL}" toName="{data.kind}" choice="{choice}">\n{lines}\n  </Choices>'


def _taxonomy(data: DataSet) -> str:
    tree: dict[str, Any] = {}
    for label in data.labels:
        node = tree
        for part in label.split(data.separator):
            node = node.setdefault(part, {})
    return f'  <Taxonomy name="{CONTROL}" toName="{data.kind}">\n{_nodes(tree, "    ")}  </Taxonomy>'


def _nodes(tree: Mapping[str, Any], indent: str) -> str:
    lines = []
    for name, below in tree.items():
        inner = f"\n{_nodes(below, indent + '  ')}{indent}" if below else ""
        lines.append(f'{indent}<Choice value="{escape(name)}">{inner}</Choice>\n')
    return "".join(lines)
