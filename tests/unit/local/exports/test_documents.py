"""Documents of the server as rows: which labels count, which file shows them, how it is called."""

from pathlib import Path
from typing import Any

import pytest

from services.local.exports.documents import fields_of, file_of, labels_in, name_of, text_of
from services.local.exports.export_request import Wanted

AUTO = {
    "source": "auto", "score": 0.6, "example": "doc_9", "model": "m", "taxonomy_id": "tax_1", "taxonomy_version": 2,
}  # fmt: skip


def wanted(**changed: Any) -> Wanted:
    asked: dict[str, Any] = {
        "source": "http://s", "collection": "c", "format": "csv", "path": Path("x"), "label_field": None,
        "human_only": False, "least_confidence": 0.0, "keep_unlabelled": False, "splits": {}, "with_files": True,
        "separator": "/", "filters": None,
    }  # fmt: skip
    return Wanted(**asked | changed)


def document(label: Any = "Shoes", entry: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    blob = {
        "field": "image", "role": "source", "filename": "my shoe.JPEG", "content_type": "image/jpeg",
        "checksum": "sha256:ab", "source_blob_id": "blb_1",
    }  # fmt: skip
    internal = {"labels": {} if entry is None else {"kind": entry}, "mime_type": "image/jpeg"}
    known = {"document_id": "doc_1", "collection_id": "col_1", "taxonomy_match": None, "document_blobs": [blob]}
    return {**known, "kind": label, "_internal": internal, **more}


def test_a_machines_label_tells_all_that_it_rests_on() -> None:
    (label,) = labels_in(document(entry=AUTO), "kind", wanted())
    assert (label.path, label.set_by, label.score, label.example) == (("Shoes",), "auto", 0.6, "doc_9")
    assert (label.model, label.taxonomy, label.taxonomy_version) == ("m", "tax_1", 2)


@pytest.mark.parametrize(
    ("entry", "options", "counts"),
    [
        (AUTO, {"least_confidence": 0.6}, True),
        (AUTO, {"least_confidence": 0.61}, False),
        (AUTO, {"human_only": True}, False),
        ({"source": "human"}, {"human_only": True, "least_confidence": 0.9}, True),
        ({"source": "import"}, {"human_only": True}, True),
        (None, {"human_only": True}, True),
    ],
)
def test_which_labels_count(entry: dict[str, Any] | None, options: dict[str, Any], counts: bool) -> None:
    assert bool(labels_in(document(entry=entry), "kind", wanted(**options))) is counts


def test_lists_are_several_labels_and_paths_are_split() -> None:
    found = labels_in(document(["shoes/running", " ", "hats"]), "kind", wanted())
    assert [label.path for label in found] == [("shoes", "running"), ("hats",)]
    assert labels_in(document(None), "kind", wanted()) == ()


def test_names_are_the_files_own_and_safe() -> None:
    found = document()
    assert name_of(found, file_of(found)) == "my shoe.jpg"
    found["document_blobs"][0]["filename"] = "../../etc/<b>.é:x.png"
    assert name_of(found, file_of(found)) == "b__é_x.jpg"
    found["document_blobs"][0]["filename"] = None
    assert name_of(found, file_of(found)) == "doc_1.jpg"
    assert name_of(found | {"import_id": "shoes/a.png"}, file_of(found)) == "a.jpg"


def test_a_face_is_shown_by_its_crop_and_a_text_by_its_words() -> None:
    crop = {"field": "aligned_face_crop", "role": "artifact", "filename": None, "content_type": "image/jpeg"}
    face = document()
    face["document_blobs"].append(crop)
    assert file_of(face) is crop
    text = document(text="words")
    text["_internal"]["mime_type"] = "text/plain"
    assert (file_of(text), text_of(text)) == (None, "words")


def test_fields_are_what_a_person_told() -> None:
    assert fields_of(document(price=3, empty="", text="t", label="x"), "kind") == {"price": 3}
