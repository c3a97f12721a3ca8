"""What an extractor reads."""

from dataclasses import replace
from typing import Any

import pytest

from services.common.row_types import Collection
from services.worker.ingest.input_choice import Address, Chosen, Words, choose_input
from services.worker.kit.job_retries import RejectedError
from tests.unit.worker.builders import blob, collection


@pytest.mark.parametrize(
    "mappings",
    [
        {"image": "image_url"},
        {"image": "payload.image_url"},
        {"image": "$.payload.image_url"},
        {"image": "metadata.image_url"},
        [{"input_key": "image", "path": "image_url"}],
        [{"input_key": "image", "source_type": "payload", "path": "payload.image_url"}],
    ],
)
def test_every_form_of_a_mapping_finds_the_blob(mappings: Any) -> None:
    wanted = blob(blob_id="blob_2", position=1)
    assert choose_input(collection(input_mappings=mappings), [blob(property="manual"), wanted], {}) == wanted


def test_a_blob_typed_text_is_read_too() -> None:
    text = blob(type="text", storage_key=None, source_url="https://example.org/a.jpg")
    assert choose_input(collection(), [text], {}) == text


def test_a_field_may_hold_the_url() -> None:
    fields = {"image_url": "https://example.org/a.jpg"}
    assert choose_input(collection(), [blob(property="other")], fields) == Address("https://example.org/a.jpg")


def test_without_a_mapping_the_only_blob_is_read() -> None:
    only = blob(property="anything")
    assert choose_input(collection(input_mappings=None), [only], {}) == only


@pytest.mark.parametrize("blobs", [[], [blob(property="manual")]])
def test_an_object_without_the_blob_is_rejected_by_name(blobs: Any) -> None:
    with pytest.raises(RejectedError, match="NO_INPUT: Collection 'products' reads 'image_url'"):
        choose_input(collection(), blobs, {"image_url": "not a url"})


def reader_of_text(**mappings: str) -> Collection:
    return replace(collection(input_mappings=mappings), extractor="text_extractor@v1")


@pytest.mark.parametrize(
    ("value", "chosen"),
    [
        ("Total due: 20", Words("Total due: 20")),
        ("https://example.org/a.txt", Address("https://example.org/a.txt")),
        (" https://example.org/a.txt\n", Address("https://example.org/a.txt")),
        ("https://example.org has moved", Words("https://example.org has moved")),
        ("data:text/plain,a b", Address("data:text/plain,a b")),
    ],
)
def test_a_field_holds_a_text_or_the_url_of_one(value: str, chosen: Chosen) -> None:
    assert choose_input(reader_of_text(text="content"), [], {"content": value}) == chosen


@pytest.mark.parametrize("value", ["", "  ", None, 7, ["a"]])
def test_a_field_without_words_is_no_input(value: Any) -> None:
    with pytest.raises(RejectedError, match="NO_INPUT"):
        choose_input(reader_of_text(text="content"), [], {"content": value})


def test_of_several_mapped_inputs_the_extractors_own_is_read() -> None:
    picture, caption = blob(), blob(property="caption", type="text")
    mappings = {"image": "image_url", "text": "caption"}
    assert choose_input(reader_of_text(**mappings), [picture, caption], {}) == caption
    assert choose_input(collection(input_mappings=mappings), [caption, picture], {}) == picture


def test_a_video_is_read_where_there_is_no_picture() -> None:
    faces = replace(
        collection(input_mappings={"video": "clip", "image": "photo"}), extractor="face_identity_extractor@v1"
    )
    clip, photo = blob(property="clip"), blob(property="photo")
    assert choose_input(faces, [clip], {}) == clip
    assert choose_input(faces, [clip, photo], {}) == photo
