"""A label set by PATCH is an example for the very next upload."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.e2e.api import Api, create_unified
from tests.support.media.pictures import data_uri, jpeg, photos
from tests.support.tutorial.option_a import LABEL, upload_body

NAME = "labels_at_once"


def almost(content: bytes, seed: int) -> bytes:
    """The same photo with a little noise: its nearest neighbour is the photo itself."""
    pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), dtype=np.int16)
    noise = np.random.default_rng(seed).integers(-3, 4, pixels.shape, dtype=np.int16)
    return jpeg(Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8)))


@pytest.fixture(scope="module")
def unified(api: Api) -> Api:
    create_unified(api, NAME)
    return api


def upload(api: Api, content: bytes) -> str:
    body = upload_body(data_uri(content))
    object_id = str(api.post(f"/buckets/bkt_{NAME}/objects", body)["object_id"])
    assert api.processed(f"bkt_{NAME}", object_id)["status"] == "COMPLETED"
    return object_id


@pytest.mark.parametrize("number", range(5))
def test_the_next_upload_uses_the_label_just_set(unified: Api, number: int) -> None:
    content = photos("fish")[number].read_bytes()
    example = upload(unified, content)
    unified.patch(f"/buckets/bkt_{NAME}/objects/{example}", {"metadata": {LABEL: f"kind {number}"}})
    newcomer = unified.document_of(NAME, upload(unified, almost(content, number)))
    assert newcomer["metadata"][LABEL] == f"kind {number}"
    assert newcomer["taxonomy_match"]["matched"] is True
    assert newcomer["taxonomy_match"]["source_document_id"] == unified.document_of(NAME, example)["document_id"]


def test_a_label_taken_back_is_an_example_no_more(unified: Api) -> None:
    content = photos("solar_panel")[0].read_bytes()
    example = upload(unified, content)
    unified.patch(f"/buckets/bkt_{NAME}/objects/{example}", {"metadata": {LABEL: "mistake"}})
    unified.patch(f"/buckets/bkt_{NAME}/objects/{example}", {"metadata": {LABEL: None}})
    newcomer = unified.document_of(NAME, upload(unified, almost(content, 99)))
    assert newcomer["metadata"][LABEL] != "mistake"


def test_a_corrected_label_is_what_the_next_upload_gets(unified: Api) -> None:
    content = photos("windmill")[0].read_bytes()
    example = upload(unified, content)
    for label in ("mill", "windmill"):
        unified.patch(f"/buckets/bkt_{NAME}/objects/{example}", {"metadata": {LABEL: label}})
    newcomer = unified.document_of(NAME, upload(unified, almost(content, 98)))
    assert newcomer["metadata"][LABEL] == "windmill"
