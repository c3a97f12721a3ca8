"""Data URIs and base64 are read strictly, and links expire."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.blobs import LinkSigner, parse_inline
from services.common.errors import ForbiddenError, InvalidArgumentError, TooLargeError

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
ENCODED = base64.b64encode(PNG).decode()


@pytest.mark.parametrize(
    ("data", "content", "mime_type", "filename"),
    [
        ("data:image/png;base64," + ENCODED, PNG, "image/png", ""),
        ("DATA:;base64," + ENCODED, PNG, "image/png", ""),
        ("data:text/plain;charset=utf-8,a%20b", b"a b", "text/plain", ""),
        ("data:,x", b"x", "application/octet-stream", ""),
        ({"base64": ENCODED, "mime_type": "text/html", "filename": "../../x.png"}, PNG, "image/png", "x.png"),
        ({"base64": "\n".join([ENCODED[:8], ENCODED[8:]])}, PNG, "image/png", ""),
        ({"base64": "eA==", "filename": "a.csv"}, b"x", "text/csv", "a.csv"),
        ({"base64": "eA==", "mime_type": "Audio/WAV; rate=1"}, b"x", "audio/wav", ""),
        ({"text": "grün"}, "grün".encode(), "text/plain", ""),
    ],
)
def test_inline_data_gives_bytes_and_their_type(data: Any, content: bytes, mime_type: str, filename: str) -> None:
    fetched = parse_inline(data, max_bytes=100)
    assert (fetched.content, fetched.mime_type, fetched.filename) == (content, mime_type, filename)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ("data:image/png;base64", "blobs.0.data"),
        ("data:;base64,", "blobs.0.data"),
        ("data:,", "blobs.0.data"),
        ("data:;base64,a", "blobs.0.data"),
        ("data:;base64,é===", "blobs.0.data"),
        ("hello", "blobs.0.data"),
        ({"base64": ""}, "blobs.0.data.base64"),
        ({"base64": "not base64!"}, "blobs.0.data.base64"),
        ({"base64": "eA="}, "blobs.0.data.base64"),
        ({"text": ""}, "blobs.0.data.text"),
        ({"base64": 3}, "blobs.0.data"),
        ({}, "blobs.0.data"),
    ],
)
def test_malformed_or_empty_data_names_its_place(data: Any, path: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_inline(data, max_bytes=100, path="blobs.0.data")
    assert caught.value.details["path"] == path
    assert caught.value.reason == "INVALID_BLOB"


@pytest.mark.parametrize(
    "data", [{"base64": "eHh4eHh4"}, {"base64": "A" * 100_000}, {"text": "xxxxxx"}, "data:,xxxxxx"]
)
def test_data_over_the_limit_is_too_large(data: Any) -> None:
    with pytest.raises(TooLargeError):
        parse_inline(data, max_bytes=5)


@given(st.text() | st.text().map("data:".__add__) | st.dictionaries(st.sampled_from(["base64", "text"]), st.text()))
def test_any_data_is_read_or_refused_clearly(data: Any) -> None:
    try:
        assert parse_inline(data, max_bytes=100).content
    except (InvalidArgumentError, TooLargeError) as error:
        assert error.details["path"].startswith("data")


def test_a_signed_link_gives_its_key_back() -> None:
    token = LinkSigner(b"secret").sign("ns_1/aa/blob", 60)
    assert LinkSigner(b"secret").verify(token) == "ns_1/aa/blob"
    assert token.replace(".", "").replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "change", [lambda t: t + "x", lambda t: "x" + t, lambda t: "", lambda t: t.split(".")[0], str.swapcase]
)
def test_a_changed_link_is_refused(change: Any) -> None:
    token = LinkSigner("secret").sign("key", 60)
    with pytest.raises(ForbiddenError) as caught:
        LinkSigner("secret").verify(change(token))
    assert caught.value.reason == "LINK_INVALID"


def test_a_link_of_another_secret_is_refused() -> None:
    with pytest.raises(ForbiddenError):
        LinkSigner("one").verify(LinkSigner("two").sign("key", 60))
    with pytest.raises(ValueError, match="secret"):
        LinkSigner("")


def test_a_link_expires() -> None:
    with pytest.raises(ForbiddenError) as caught:
        LinkSigner("secret").verify(LinkSigner("secret").sign("key", -1))
    assert caught.value.reason == "LINK_EXPIRED"
