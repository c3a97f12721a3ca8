"""COCO: labels of pictures by their annotations' categories; boxes as pictures of their own when that is asked."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from services.common.errors import InvalidArgumentError
from services.local.datasets import files
from services.local.datasets.parse_labels import as_json, label_of, normal
from services.local.datasets.reader_types import Reading, Rows
from services.local.datasets.readers.json_stream import has_keys, items
from services.local.datasets.row import Box, Content, Label, Row, Skipped

PLACES = ("labels.json", "_annotations.coco.json", "annotations.json", "result.json")
BESIDE = ("images", "data")
OWN = frozenset({"id", "file_name", "coco_url", "flickr_url"})


@dataclass(slots=True)
class _Annotation:
    """One annotation, as small as it can be kept: there may be millions."""

    id: str
    category: Any
    box: Box | None
    score: float | None


@dataclass
class _Told:
    categories: dict[Any, str] = field(default_factory=dict)
    annotations: dict[Any, list[_Annotation]] = field(default_factory=lambda: defaultdict(list))


def is_coco(path: Path) -> bool:
    """Whether a JSON file, or one in a folder, is COCO."""
    return any(True for _ in sources(path))


def sources(path: Path) -> Iterator[Path]:
    """The COCO files of a set: itself, or those at the places where tools put them."""
    if path.is_file():
        if path.suffix == ".json" and has_keys(path, "images") and has_keys(path, "categories"):
            yield path
        elif path.suffix == ".json" and has_keys(path, "images") and not has_keys(path, "samples"):
            yield from [path] if _ends_as_coco(path) else []
        return
    found = [path / name for name in PLACES] + sorted(path.glob("*/_annotations.coco.json"))
    found += sorted(path.glob("annotations/*.json"))
    for each in found:
        if each.is_file():
            yield from sources(each)


def _ends_as_coco(path: Path) -> bool:
    """The key that tells may stand at the end, behind all images."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 65_536))
        tail = file.read()
    return b'"categories"' in tail or b'"annotations"' in tail


def read_coco(path: Path, reading: Reading) -> Rows:
    """A row per picture with the distinct labels of its annotations; with crops, a row per box."""
    found = list(sources(path))
    if not found:
        raise InvalidArgumentError(f"{path} is no COCO: it has no 'images' and 'categories'.", path=str(path))
    for source in found:
        told = _told(source)
        for image in items(source, "images.item"):
            yield from _rows(image, told, source, reading, several=len(found) > 1)


def _told(source: Path) -> _Told:
    told = _Told()
    for category in items(source, "categories.item"):
        told.categories[category["id"]] = str(category["name"])
    for annotation in items(source, "annotations.item"):
        told.annotations[annotation.get("image_id")].append(_annotation(annotation))
    return told


def _annotation(annotation: Mapping[str, Any]) -> _Annotation:
    box: list[float] = annotation.get("bbox") or []
    has_size = len(box) == 4 and box[2] > 0 and box[3] > 0
    return _Annotation(
        id=str(annotation.get("id")),
        category=annotation.get("category_id"),
        box=Box(*map(float, box)) if has_size else None,
        score=annotation.get("score"),
    )


def _rows(image: Mapping[str, Any], told: _Told, source: Path, reading: Reading, *, several: bool) -> Rows:
    name = str(image.get("file_name") or image.get("coco_url") or "")
    key = f"{source.parent.name}/{normal(name)}" if several else normal(name)
    content = _content(name, source, reading)
    if isinstance(content, str):
        yield Skipped(id=key or f"{source.name}#{image.get('id')}", reason=content)
        return
    whole = Row(id=key, name=PurePosixPath(name).name, content=content, fields=_fields(image))
    annotations = told.annotations.get(image.get("id"), [])
    if not reading.crops:
        labels = dict.fromkeys(label for each in annotations if (label := _label(each, told, reading)))
        yield Row(id=key, name=whole.name, content=content, labels=tuple(labels), fields=whole.fields)
        return
    for each in annotations:
        yield _crop(whole, each, told, reading)
    if not annotations:
        yield Skipped(id=key, reason="has no box")


def _crop(whole: Row, annotation: _Annotation, told: _Told, reading: Reading) -> Row | Skipped:
    key = f"{whole.id}#{annotation.id}"
    if annotation.box is None:
        return Skipped(id=key, reason="its annotation has no box")
    label = _label(annotation, told, reading)
    labels = () if label is None else (label,)
    return Row(id=key, name=whole.name, content=whole.content, labels=labels, fields=whole.fields, box=annotation.box)


def _label(annotation: _Annotation, told: _Told, reading: Reading) -> Label | None:
    label = label_of(told.categories.get(annotation.category), reading.separator)
    if label is None or annotation.score is None:
        return label
    return Label(path=label.path, set_by="auto", score=float(annotation.score))


def _fields(image: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: as_json(value) for name, value in image.items() if name not in OWN}
    return {name: value for name, value in found.items() if value not in (None, "")}


def _content(name: str, source: Path, reading: Reading) -> Content | str:
    if not name:
        return "names no file"
    if "://" not in name and (reason := files.unfit(name, reading.kind)):
        return reason
    found: Content | str = f"no such file: {name}"
    roots = [source.parent, source.parent.parent]
    for root in [*roots, *(root / beside for root in roots for beside in BESIDE)]:
        found = files.content_at(name, root, reading.files)
        if not isinstance(found, str):
            return found
    return found
