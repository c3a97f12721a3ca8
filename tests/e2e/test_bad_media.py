"""PDFs and videos that cannot be read end FAILED, with the reason on their object."""

import pytest

from tests.e2e.api import Api
from tests.support.media.pdfs import ENCRYPTED
from tests.support.media.pictures import data_uri
from tests.support.media.videos import numbered

NAME = "bad_media"
LOCKED = {
    "encryption_scheme": "cenc-aes-ctr",
    "encryption_key": "00" * 16,
    "encryption_kid": "11" * 16,
}
PDF, VIDEO = "application/pdf", "video/mp4"
INPUTS = {"text_extractor": "text", "face_identity_extractor": "image"}


@pytest.fixture(scope="module", params=INPUTS)
def bucket(api: Api, request: pytest.FixtureRequest) -> str:
    """A bucket whose files one extractor reads."""
    name = f"{NAME}_{request.param}"
    api.post("/buckets", {"bucket_name": name, "bucket_schema": {"properties": {"file": {"type": "text"}}}})
    extractor = {"feature_extractor_name": request.param, "version": "v1"}
    mapped = {"input_mappings": {INPUTS[request.param]: "file"}}
    source = {"type": "bucket", "bucket_ids": [name]}
    api.post("/collections", {"collection_name": name, "source": source, "feature_extractor": extractor | mapped})
    return name


def error_of(api: Api, bucket: str, content: bytes, mime_type: str) -> str:
    """What the object says once its processing has failed."""
    blob = {"property": "file", "type": "text", "data": data_uri(content, mime_type)}
    created = api.post(f"/buckets/{bucket}/objects", {"blobs": [blob]})
    found = api.processed(bucket, created["object_id"])
    assert found["status"] == "FAILED"
    return str(found["error"])


@pytest.mark.parametrize(
    ("content", "reason"), [(ENCRYPTED, "ENCRYPTED_PDF"), (b"%PDF-1.7\n" + b"broken" * 50, "NOT_A_PDF")]
)
def test_a_pdf_says_what_is_wrong_with_it(api: Api, bucket: str, content: bytes, reason: str) -> None:
    assert reason in error_of(api, bucket, content, PDF)


def test_a_video_says_what_is_wrong_with_it(api: Api, bucket: str) -> None:
    whole = numbered(20.0, options={"movflags": "faststart"})
    cut, locked = whole[: len(whole) // 2], numbered(1.0, options=LOCKED)
    wanted = ("NOT_A_TEXT", "NOT_A_TEXT") if "text" in bucket else ("TRUNCATED", "ENCRYPTED_VIDEO")
    for content, reason in zip((cut, locked), wanted, strict=True):
        assert reason in error_of(api, bucket, content, VIDEO)
