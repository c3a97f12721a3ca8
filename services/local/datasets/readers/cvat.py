"""CVAT for images: the tags of pictures, or their boxes as pictures of their own when that is asked."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from services.common.errors import InvalidArgumentError
from services.local.datasets import files
from services.local.datasets.optional_libraries import needs
from services.local.datasets.parse_labels import label_of, normal
from services.local.datasets.reader_types import Reading, Rows
from services.local.datasets.readers.json_stream import head_of
from services.local.datasets.row import Box, Content, Label, Row, SetBy, Skipped

NAME = "annotations.xml"
MACHINES = ("auto", "semi-auto")


def source_of(path: Path) -> Path | None:
    """The XML of a set: itself, or the one in the folder."""
    source = path / NAME if path.is_dir() else path
    is_xml = source.is_file() and source.suffix == ".xml"
    return source if is_xml and b"<annotations" in head_of(source) else None


def read_cvat(path: Path, reading: Reading) -> Rows:
    """A row per picture with its tags; with crops, a row per box."""
    source = source_of(path)
    if source is None:
        raise InvalidArgumentError(f"{path} is no CVAT XML: it has no <annotations>.", path=str(path))
    for image in _images(source):
        yield from _rows(image, source, reading)


def _images(source: Path) -> Iterator[Any]:
    """The <image> elements, each dropped when the next one is read."""
    with needs("defusedxml"):
        from defusedxml import DefusedXmlException
        from defusedxml.ElementTree import ParseError, iterparse
    try:
        for _, element in iterparse(source, events=("end",)):
            if element.tag == "image":
                yield element
                element.clear()
    except (ParseError, DefusedXmlException) as error:
        raise InvalidArgumentError(f"{source} cannot be read as XML: {error}.", path=str(source)) from error


def _rows(image: Any, source: Path, reading: Reading) -> Rows:
    name = image.get("name") or ""
    key = normal(name)
    content = _content(name, source, reading)
    if isinstance(content, str):
        yield Skipped(id=key, reason=content)
        return
    tags = tuple(label for each in image.findall("tag") if (label := _label(each, reading)))
    fields = {} if not image.get("task_id") else {"cvat_task": image.get("task_id")}
    row = Row(
        id=key,
        name=PurePosixPath(name).name,
        content=content,
        labels=tags,
        fields={**fields, **_attributes(image)},
        split=(image.get("subset") or "").lower() or None,
    )
    yield from _crops(row, image.findall("box"), reading) if reading.crops else [row]


def _label(element: Any, reading: Reading) -> Label | None:
    set_by: SetBy = "auto" if element.get("source") in MACHINES else "human"
    return label_of(element.get("label"), reading.separator, set_by=set_by)


def _attributes(image: Any) -> dict[str, str]:
    """The attributes of the tags, by their names; of two of one name the first."""
    found: dict[str, str] = {}
    for attribute in image.findall("tag/attribute"):
        found.setdefault(attribute.get("name") or "attribute", (attribute.text or "").strip())
    return {name: value for name, value in found.items() if value}


def _crops(row: Row, boxes: list[Any], reading: Reading) -> Rows:
    for number, element in enumerate(boxes, 1):
        left, top, right, bottom = (float(element.get(name, 0)) for name in ("xtl", "ytl", "xbr", "ybr"))
        label, key = _label(element, reading), f"{row.id}#{number}"
        if right <= left or bottom <= top:
            yield Skipped(id=key, reason="its box has no size")
            continue
        box = Box(left, top, right - left, bottom - top)
        labels = () if label is None else (label,)
        yield Row(id=key, name=row.name, content=row.content, labels=labels, split=row.split, box=box)
    if not boxes:
        yield Skipped(id=row.id, reason="has no box")


def _content(name: str, source: Path, reading: Reading) -> Content | str:
    if not name:
        return "names no file"
    if reason := files.unfit(name, reading.kind):
        return reason
    found: Content | str = f"no such file: {name}"
    for root in (source.parent, source.parent / "images"):
        found = files.content_at(name, root, reading.files)
        if not isinstance(found, str):
            return found
    return found
