"""Which blob an extractor reads."""

from typing import Any

import pytest

from services.worker.failures import RejectedError
from services.worker.inputs import choose_input
from tests.unit.worker.builders import blob, collection, ingest, seen


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
    of = ingest(collection=collection(input_mappings=mappings), blobs=(blob(property="manual"), wanted))
    assert choose_input(of) == wanted


def test_a_blob_typed_text_is_read_too() -> None:
    text = blob(type="text", storage_key=None, source_url="https://example.org/a.jpg")
    assert choose_input(ingest(blobs=(text,))) == text


def test_a_field_may_hold_the_url() -> None:
    of = ingest(blobs=(blob(property="other"),), seen=seen(image_url="https://example.org/a.jpg"))
    assert choose_input(of) == "https://example.org/a.jpg"


def test_without_a_mapping_the_only_blob_is_read() -> None:
    only = blob(property="anything")
    assert choose_input(ingest(collection=collection(input_mappings=None), blobs=(only,))) == only


@pytest.mark.parametrize("blobs", [(), (blob(property="manual"),)])
def test_an_object_without_the_blob_is_rejected_by_name(blobs: Any) -> None:
    with pytest.raises(RejectedError, match="NO_INPUT: Collection 'products' reads 'image_url'"):
        choose_input(ingest(blobs=blobs, seen=seen(image_url="not a url")))
