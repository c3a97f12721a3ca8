"""Label Studio's JSON: annotations are people's labels, predictions a machine's, and skipped tasks are told apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from services.local.datasets import files
from services.local.datasets.parse_labels import as_json, label_of
from services.local.datasets.reader_types import Reading, Rows
from services.local.datasets.readers.json_stream import begins_as_list, has_keys, items
from services.local.datasets.readers.records import FILES, WORDS
from services.local.datasets.row import Box, Content, Label, Row, SetBy, Skipped

JsonObject = Mapping[str, Any]
STATUS = "annotation_status"
"""The field that tells `labelled`, `empty` (submitted without a label), `cancelled` (skipped) or `open` (none yet)."""
CHOICES, TAXONOMY, BOXES = "choices", "taxonomy", "rectanglelabels"


def tasks_of(path: Path) -> Path | None:
    """The JSON of a set: itself, or the only one in a folder, when it is a list of tasks."""
    found = sorted(path.glob("*.json")) if path.is_dir() else [path]
    return found[0] if len(found) == 1 and _is_tasks(found[0]) else None


def _is_tasks(path: Path) -> bool:
    is_list = path.is_file() and path.suffix == ".json" and begins_as_list(path)
    return is_list and has_keys(path, "data") and (has_keys(path, "annotations") or has_keys(path, "predictions"))


def read_label_studio(path: Path, reading: Reading) -> Rows:
    """A row per task; with crops, a row per box of its annotations."""
    controls: list[str] = []
    source = tasks_of(path) or path
    for task in items(source, "item"):
        yield from _rows(task, source, reading, controls)


def _rows(task: JsonObject, path: Path, reading: Reading, controls: list[str]) -> Rows:
    key = str(task.get("id") if task.get("id") is not None else task.get("inner_id"))
    found = _content(task.get("data") or {}, path, reading)
    if isinstance(found, str):
        yield Skipped(id=key, reason=found)
        return
    name, content, column = found
    chosen, status = _chosen(task.get("annotations") or task.get("completions") or [])
    results = [("human", each, None) for each in (chosen or {}).get("result") or []]
    predicted = [
        ("auto", result, each) for each in task.get("predictions") or [] for result in each.get("result") or []
    ]
    labels = [label for said in (*results, *predicted) for label in _labels(said, reading, controls)]
    fields = {each: as_json(value) for each, value in (task.get("data") or {}).items() if each != column}
    row = Row(id=key, name=name, content=content, labels=tuple(labels), fields={**fields, STATUS: status})
    yield from _crops(row, results, reading) if reading.crops else [row]


def _chosen(annotations: Sequence[JsonObject]) -> tuple[JsonObject | None, str]:
    """The annotation that counts, and the status of the task: the ground truth, else the one that was changed last."""
    valid = [each for each in annotations if not each.get("was_cancelled")]
    if not valid:
        return None, "cancelled" if annotations else "open"
    best = max(valid, key=lambda each: (bool(each.get("ground_truth")), str(each.get("updated_at") or "")))
    return best, "labelled" if best.get("result") else "empty"


def _labels(
    said: tuple[SetBy | str, JsonObject, JsonObject | None], reading: Reading, controls: list[str]
) -> Iterator[Label]:
    """The labels of one result; those of any control but the one that the set is labelled by name their field."""
    who, result, prediction = said
    kind, control = result.get("type"), str(result.get("from_name"))
    if kind not in (CHOICES, TAXONOMY):
        return
    if control not in controls:
        controls.append(control)
    by = reading.label if reading.label in controls else controls[0]
    field = None if control == by else control
    for value in (result.get("value") or {}).get(kind) or []:
        text = reading.separator.join(map(str, value)) if isinstance(value, list) else value
        label = label_of(text, reading.separator, set_by="auto" if who == "auto" else "human", field=field)
        if label is not None:
            yield label if prediction is None else _predicted(label, result, prediction)


def _predicted(label: Label, result: JsonObject, prediction: JsonObject) -> Label:
    score = result.get("score", prediction.get("score"))
    model = prediction.get("model_version")
    return replace(label, score=None if score is None else float(score), model=None if model is None else str(model))


def _crops(row: Row, results: Sequence[tuple[str, JsonObject, Any]], reading: Reading) -> Rows:
    boxes = [result for _, result, _ in results if result.get("type") == BOXES]
    for number, result in enumerate(boxes, 1):
        key = f"{row.id}#{result.get('id', number)}"
        box, names = _box(result), (result.get("value") or {}).get(BOXES) or []
        found = (label_of(each, reading.separator, set_by="human") for each in names)
        labels = tuple(label for label in found if label is not None)
        yield (
            Skipped(id=key, reason="its box has no size")
            if box is None
            else replace(row, id=key, labels=labels, box=box)
        )
    if not boxes:
        yield Skipped(id=row.id, reason="has no box")


def _box(result: JsonObject) -> Box | None:
    """The box in pixels, of which the file tells percents of the picture's size."""
    value, across, down = result.get("value") or {}, result.get("original_width"), result.get("original_height")
    if not across or not down or not value.get("width") or not value.get("height"):
        return None
    return Box(
        left=value["x"] * across / 100,
        top=value["y"] * down / 100,
        width=value["width"] * across / 100,
        height=value["height"] * down / 100,
    )


def _content(data: JsonObject, path: Path, reading: Reading) -> tuple[str, Content, str] | str:
    """The name of the file, the content, and the key of the task's data that it is at; or why there is none."""
    column = reading.content or next((each for each in _wanted(reading) if isinstance(data.get(each), str)), None)
    if column is None or not isinstance(data.get(column), str):
        told = ", ".join(f"'{each}'" for each in data) or "nothing"
        return f"its data has no {reading.kind}: it has {told}; name it with --content-column"
    reference = data[column]
    if reading.kind == "text" and column not in FILES:
        return column, Content(text=reference), column
    content = files.content_at(reference, path.parent, reading.files)
    if isinstance(content, str):
        return content
    return (content.path or PurePosixPath(urlsplit(reference).path)).name, content, column


def _wanted(reading: Reading) -> tuple[str, ...]:
    return (*WORDS, *FILES) if reading.kind == "text" else FILES
