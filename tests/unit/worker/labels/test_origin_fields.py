"""What is said of a part."""

from dataclasses import replace
from typing import Any

from services.common.row_types import ObjectFields, SourceDocument
from services.worker.domain import Content, Extracted, Part
from services.worker.labels.origin_fields import said_of
from tests.unit.worker.builders import LABEL, collection, ingest, seen

FACES = "face_identity_extractor@v1"


def source(**labels: Any) -> SourceDocument:
    """A labelled document of another collection."""
    fields = {LABEL: "cat", "colour": "red"}
    return SourceDocument(document_id="doc_1", collection_id="col_0", fields=fields, labels=labels, lineage={})


def said(
    parts: int, current: ObjectFields, *, extractor: str = FACES, of: SourceDocument | None = None
) -> ObjectFields:
    """What is said of the first of so many parts."""
    subject = ingest(collection=replace(collection(), extractor=extractor))
    part = Part(found_in=Content(source=of))
    extracted = Extracted(ingest=subject, contents=(), parts=(part,) * parts, milliseconds=1)
    return said_of(extracted, part, current)


def test_an_object_speaks_for_its_only_face() -> None:
    current = seen({LABEL: "now"}, **{LABEL: "Anna", "colour": "red"})
    assert said(1, current) == current


def test_of_two_faces_nobody_is_named() -> None:
    current = seen({LABEL: "now", "colour": "now"}, **{LABEL: "Anna", "colour": "red"})
    assert said(2, current) == seen({"colour": "now"}, colour="red")


def test_pages_are_what_their_document_is() -> None:
    current = seen(**{LABEL: "contract"})
    assert said(9, current, extractor="text_extractor@v1") == current


def test_a_document_speaks_for_what_is_found_in_it_and_the_object_does_not() -> None:
    human = source(**{LABEL: {"source": "human", "set_at": "then"}})
    assert said(1, seen(**{LABEL: "dog"}), of=human) == seen({LABEL: "then"}, **{LABEL: "cat", "colour": "red"})


def test_a_machine_is_not_bound_by_what_a_machine_said_before() -> None:
    auto = source(**{LABEL: {"source": "auto", "set_at": "then"}})
    assert said(1, seen(), of=auto) == seen(colour="red")
