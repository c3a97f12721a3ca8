"""A folder that FiftyOne exported as `FiftyOneDataset`: `metadata.json`, `samples.json` and the files."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from services.common.errors import InvalidArgumentError
from services.local.datasets import files
from services.local.datasets.parse_labels import as_json, label_of, normal
from services.local.datasets.reader_types import Reading, Rows
from services.local.datasets.readers.json_stream import items
from services.local.datasets.row import Label, Row, SetBy, Skipped

SAMPLES, METADATA = "samples.json", "metadata.json"
TRUTH = "ground_truth"
ONE, SEVERAL = "Classification", "Classifications"
SPLITS = ("train", "validation", "val", "test")
OWN = frozenset({"filepath", "tags", "metadata"})


def is_fiftyone(path: Path) -> bool:
    """Whether the folder has both files of such a set."""
    return (path / SAMPLES).is_file() and (path / METADATA).is_file()


def read_fiftyone(path: Path, reading: Reading) -> Rows:
    """A row per sample: classifications are labels, those with a confidence a machine's."""
    if not is_fiftyone(path):
        raise InvalidArgumentError(f"{path} has no {SAMPLES} and {METADATA}.", path=str(path))
    chosen: list[str] = []
    for sample in items(path / SAMPLES, "samples.item"):
        yield _row(sample, path, reading, chosen)


def _row(sample: Mapping[str, Any], root: Path, reading: Reading, chosen: list[str]) -> Row | Skipped:
    place = str(sample.get("filepath") or "")
    key = normal(place)
    if reason := files.unfit(place, reading.kind):
        return Skipped(id=key, reason=reason)
    content = files.content_at(place, root, reading.files)
    if isinstance(content, str):
        return Skipped(id=key, reason=content)
    labelled = {name: value for name, value in sample.items() if _class(value) in (ONE, SEVERAL)}
    if labelled and not chosen:
        chosen.append(reading.label or (TRUTH if TRUTH in labelled else next(iter(labelled))))
    tags = [each for each in sample.get("tags") or [] if isinstance(each, str)]
    split = next((each for each in tags if each in SPLITS), None)
    return Row(
        id=key,
        name=PurePosixPath(place).name,
        content=content,
        labels=tuple(each for name, value in labelled.items() for each in _labels(name, value, reading, chosen)),
        fields=_fields(sample, [each for each in tags if each != split]),
        split=split,
    )


def _class(value: Any) -> str | None:
    return value.get("_cls") if isinstance(value, Mapping) else None


def _labels(name: str, value: Mapping[str, Any], reading: Reading, chosen: list[str]) -> list[Label]:
    said = [value] if _class(value) == ONE else value.get("classifications") or []
    return [label for each in said if (label := _label(name, each, reading, chosen))]


def _label(name: str, said: Mapping[str, Any], reading: Reading, chosen: list[str]) -> Label | None:
    """A label; one of another field than the chosen one names its field, unless a machine said it of the same."""
    score = said.get("confidence")
    set_by: SetBy = "human" if score is None else "auto"
    label = label_of(said.get("label"), reading.separator, set_by=set_by)
    if label is None:
        return None
    field = None if name in chosen or set_by == "auto" else name
    return Label(path=label.path, field=field, set_by=set_by, score=None if score is None else float(score))


def _fields(sample: Mapping[str, Any], tags: list[str]) -> dict[str, Any]:
    """The plain fields of a sample; what FiftyOne keeps for itself, and labels, are not among them."""
    plain = {
        name: as_json(value)
        for name, value in sample.items()
        if name not in OWN and not name.startswith("_") and not isinstance(value, Mapping)
    }
    found = {name: value for name, value in plain.items() if value not in (None, "")}
    return {**found, "tags": tags} if tags else found
