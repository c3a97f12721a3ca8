"""Rows of exports: what is kept of a document, and how it becomes columns of one kind."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.common.export_destinations import folder_of, read_destinations
from services.worker.exports.columns import Columns, Kind, cells
from services.worker.exports.row import row_of, selected, spread

NOW = datetime(2026, 11, 30, tzinfo=UTC)
FILE = {
    "property": "image", "role": "source", "filename": None, "size_bytes": 3, "mime_type": "image/png",
    "sha256": "ab", "blob_id": "blb_1", "source_url": None,
}  # fmt: skip


def document(**changed: Any) -> dict[str, Any]:
    label = {"source": "auto", "score": 0.5, "evidence": [{"document_id": "doc_9"}], "rests_on": ["long"]}
    known: dict[str, Any] = {
        "document_id": "doc_1", "collection_id": "col_1", "bucket_id": "bkt_1", "object_id": "obj_1",
        "source_document_id": None, "fields": {"kind": "x", "document_id": "mine"}, "taxonomy_match": {"matched": True},
        "labels": {"kind": label}, "internal": {"modality": "image"}, "created_at": NOW, "updated_at": NOW,
        "files": [FILE],
    }  # fmt: skip
    return known | changed


def row(*, lineage: bool = False, **changed: Any) -> dict[str, Any]:
    return row_of(document(**changed), lineage=lineage, public_url="http://here")


def test_a_row_tells_the_example_and_hides_no_id() -> None:
    found = row()
    assert found["document_id"] == "doc_1"
    assert found["_internal"]["labels"]["kind"]["example"] == "doc_9"
    assert "rests_on" not in found["_internal"]["labels"]["kind"]
    assert found["document_blobs"][0]["url"] == "http://here/v1/blobs/blb_1"


def test_lineage_is_kept_whatever_is_selected() -> None:
    found = selected(row(lineage=True), ["kind", "metadata.kind", "nothing"])
    assert set(found) == {
        "document_id", "collection_id", "lineage_chain", "source_content_hash", "document_created_at", "kind",
        "metadata.kind",
    }  # fmt: skip
    assert (found["source_content_hash"], found["lineage_chain"][0]["object_id"]) == ("sha256:ab", "obj_1")


def test_what_is_the_systems_has_columns_and_what_is_the_users_is_json() -> None:
    found = spread(row(fields={"size": {"eu": 40}, "_internals": {"mine": 1}}))
    assert found["size"] == {"eu": 40}
    assert found["_internals"] == {"mine": 1}
    assert found["taxonomy_match.matched"] is True
    assert found["_internal.labels.kind.score"] == 0.5


@pytest.mark.parametrize(
    ("values", "kind", "kept"),
    [
        ([1, None, 2.5], Kind.FLOAT, [1.0, None, 2.5]),
        ([1, "1"], Kind.TEXT, ["1", "1"]),
        ([True, 1], Kind.TEXT, ["true", "1"]),
        ([2**63], Kind.TEXT, [str(2**63)]),
        ([None, True], Kind.BOOL, [None, True]),
        ([None, None], Kind.TEXT, [None, None]),
        ([[1], {"a": "b"}], Kind.TEXT, ["[1]", '{"a":"b"}']),
    ],
)
def test_a_column_has_one_kind(values: list[Any], kind: Kind, kept: list[Any]) -> None:
    columns, rows = Columns(), [{"x": value} for value in values]
    for each in rows:
        columns.see(each)
    assert columns.kinds() == {"x": kind}
    assert cells(rows, "x", kind) == kept


def test_destinations_are_named_prefixes() -> None:
    found = read_destinations("a=s3://bucket-1/x/y, b=s3://bucket-2")
    assert found == {"a": ("bucket-1", "x/y/"), "b": ("bucket-2", "")}
    assert (folder_of(""), folder_of("v1"), folder_of("v1/")) == ("", "v1/", "v1/")


@pytest.mark.parametrize(
    "text", ["s3://b/x", "a=http://b/x", "a=s3://bucket/../x", "a b=s3://bucket", "a=s3://bucket//x"]
)
def test_what_is_no_destination_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not of the form"):
        read_destinations(text)
