"""CVAT for images 1.1: a label is a tag of its picture, `manual` where a person set it, `auto` where a machine did."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from PIL import Image

from services.local.datasets.row import Label
from services.local.datasets.writer_types import TOLD, DataSet
from services.local.datasets.writers.place_files import FILES, place


def write_cvat(folder: Path, data: DataSet) -> None:
    """`annotations.xml` and `images/`."""
    with (folder / "annotations.xml").open("w", encoding="utf-8") as file:
        xml = XMLGenerator(file, encoding="utf-8", short_empty_elements=True)
        xml.startDocument()
        _start(xml, "annotations")
        _text(xml, "version", "1.1")
        _meta(xml, data)
        for number, row in enumerate(data.rows()):
            target = folder / FILES / row.name
            place(row, target)
            with Image.open(target) as picture:
                width, height = picture.size
            about: dict[str, Any] = {"id": number, "name": row.name, "width": width, "height": height}
            _start(xml, "image", about | ({"subset": row.split} if row.split else {}))
            for label in row.labels:
                _tag(xml, label, data)
            xml.endElement("image")
        xml.endElement("annotations")
        xml.endDocument()


def _tag(xml: XMLGenerator, label: Label, data: DataSet) -> None:
    source = "auto" if label.set_by == "auto" else "manual"
    _start(xml, "tag", {"label": label.text(data.separator), "source": source})
    for name, value in _told(label):
        _text(xml, "attribute", value, name=name)
    xml.endElement("tag")


def _told(label: Label) -> Iterator[tuple[str, str]]:
    for name, told in TOLD.items():
        if (value := told(label)) is not None:
            yield name, str(value)


def _meta(xml: XMLGenerator, data: DataSet) -> None:
    for element in ("meta", "task"):
        _start(xml, element)
    _text(xml, "name", data.name)
    _start(xml, "labels")
    for label in data.labels:
        _start(xml, "label")
        _text(xml, "name", label)
        _start(xml, "attributes")
        for name in TOLD:
            _attribute(xml, name)
        xml.endElement("attributes")
        xml.endElement("label")
    for element in ("labels", "task", "meta"):
        xml.endElement(element)


def _attribute(xml: XMLGenerator, name: str) -> None:
    _start(xml, "attribute")
    for key, value in (("name", name), ("mutable", "False"), ("input_type", "text"), ("default_value", "")):
        _text(xml, key, value)
    _text(xml, "values", "")
    xml.endElement("attribute")


def _start(xml: XMLGenerator, name: str, attributes: Mapping[str, Any] | None = None) -> None:
    cleaned = {key: _clean(str(value)) for key, value in (attributes or {}).items()}
    xml.startElement(name, AttributesImpl(cleaned))


def _text(xml: XMLGenerator, element: str, text: str, **attributes: str) -> None:
    _start(xml, element, attributes)
    xml.characters(_clean(text))
    xml.endElement(element)


def _clean(text: str) -> str:
    """The text without the control characters that XML cannot hold."""
    return "".join(each for each in text if each >= " " or each in "\t\n\r")
