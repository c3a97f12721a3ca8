"""What a change of an object means for a collection."""

from dataclasses import replace
from typing import Any

import pytest

from services.common.row_types import Blob
from services.gateway.objects.reprocessing.changed_inputs import Change, Held, Reader, Renewal, renewal_of

READER = Reader(
    collection_id="col", extractor="text_extractor@v1", mappings={"text": "story"}, has_filter=False, status="COMPLETED"
)
PICTURES = replace(READER, extractor="image_extractor@v1", mappings={"image": "picture"})


def blob(blob_id: str = "b", sha256: str | None = "0", url: str | None = None) -> Blob:
    return Blob(
        blob_id=blob_id,
        position=0,
        property="picture",
        type="image",
        source_url=url,
        storage_key=None,
        filename=None,
        mime_type=None,
        size_bytes=None,
        sha256=sha256,
    )


def texts(before: Any, after: Any, **more: Any) -> Change:
    sent = {"story": after}
    return Change(before=Held(blobs=(), fields={"story": before}), after=Held(blobs=(), fields=sent), sent=sent, **more)


def pictures(before: list[Blob], after: list[Blob], **more: Any) -> Change:
    return Change(before=Held(blobs=before, fields={}), after=Held(blobs=after, fields={}), sent={}, **more)


@pytest.mark.parametrize(
    ("before", "after", "renewal"),
    [
        ("a", "a", Renewal.NOTHING),
        ("a", "b", Renewal.CHECK),
        ("a", None, Renewal.CHECK),
        (None, "a", Renewal.CHECK),
        (None, None, Renewal.NOTHING),
        ("", " ", Renewal.NOTHING),
        ("https://h/a", "https://h/b", Renewal.CHECK),
        ("https://h/a", "https://h/a", Renewal.NOTHING),
    ],
)
def test_a_text_is_compared(before: Any, after: Any, renewal: Renewal) -> None:
    assert renewal_of(READER, texts(before, after)) is renewal


def test_an_upload_asks_an_address_again_that_it_names() -> None:
    change = texts("https://h/a", "https://h/a", is_upload=True)
    assert renewal_of(READER, change) is Renewal.REFETCH
    assert renewal_of(READER, replace(change, sent={})) is Renewal.NOTHING


@pytest.mark.parametrize(
    ("before", "after", "renewal"),
    [
        ([blob()], [blob()], Renewal.NOTHING),
        ([blob()], [blob("c")], Renewal.NOTHING),
        ([blob()], [blob("c", "1")], Renewal.CHECK),
        ([blob()], [blob("c", None, "https://h/a")], Renewal.CHECK),
        ([blob(url="https://h/a")], [blob(url="https://h/a")], Renewal.REFETCH),
        ([blob()], [], Renewal.CHECK),
    ],
)
def test_a_blob_is_compared_by_its_content(before: list[Blob], after: list[Blob], renewal: Renewal) -> None:
    assert renewal_of(PICTURES, pictures(before, after, sent_blobs=True, is_upload=True)) is renewal


@pytest.mark.parametrize(
    ("status", "uploaded", "patched"),
    [
        (None, Renewal.WHOLE, Renewal.NOTHING),
        ("FAILED", Renewal.WHOLE, Renewal.NOTHING),
        ("PENDING", Renewal.NOTHING, Renewal.NOTHING),
        ("PROCESSING", Renewal.NOTHING, Renewal.NOTHING),
    ],
)
def test_an_upload_begins_and_tries_again(status: str | None, uploaded: Renewal, patched: Renewal) -> None:
    reader = replace(READER, status=status)
    assert renewal_of(reader, texts("a", "a", is_upload=True)) is uploaded
    assert renewal_of(reader, texts("a", "a")) is patched


def test_a_filter_may_judge_otherwise_when_any_field_changes() -> None:
    change = replace(pictures([blob()], [blob()]), after=Held(blobs=[blob()], fields={"colour": "red"}))
    assert renewal_of(replace(PICTURES, has_filter=True), change) is Renewal.CHECK
    assert renewal_of(PICTURES, change) is Renewal.NOTHING


def test_what_extracts_nothing_has_nothing_to_do_anew() -> None:
    assert renewal_of(replace(READER, extractor="passthrough_extractor@v1"), texts("a", "b")) is Renewal.NOTHING
