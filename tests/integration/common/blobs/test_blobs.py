"""Blobs on a folder and on a real S3, and the sources that they are read from."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import obstore
import pytest

from services.common.blobs import BlobReader, BlobStore, S3Source, open_blob_reader, open_blob_store
from services.common.blobs.s3 import open_s3
from services.common.errors import InternalError, InvalidArgumentError, LikenessError, NotFoundError, UnavailableError
from services.common.settings import Settings
from tests.support.seaweed import Seaweed

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture(params=["local", "s3", "s3 prefix"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "local":
        return open_blob_store(Settings(data_dir=tmp_path))
    weed: Seaweed = request.getfixturevalue("seaweed")
    prefix = "/kept/here" if "prefix" in request.param else ""
    return open_blob_store(weed.settings(blob_store=f"s3://{weed.bucket}{prefix}"))


async def test_what_is_put_can_be_got_until_it_is_deleted(store: BlobStore) -> None:
    content = os.urandom(200_000)
    key = await store.put("ns_1", content)
    assert await store.get(key) == content
    await store.delete(key)
    with pytest.raises(NotFoundError) as caught:
        await store.get(key)
    assert caught.value.details["id"] == key
    await store.delete(key)


async def test_the_same_bytes_have_one_key_in_a_namespace(store: BlobStore) -> None:
    content = os.urandom(64)
    first, again, other, elsewhere = await asyncio.gather(
        store.put("ns_1", content), store.put("ns_1", content), store.put("ns_1", b"other"), store.put("ns_2", content)
    )
    assert first == again
    assert len({first, other, elsewhere}) == 3
    assert await store.get(elsewhere) == content


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "a//b", "ns_1/xx/none", "..", "a/../../etc/passwd"])
async def test_a_key_cannot_leave_the_store(store: BlobStore, key: str) -> None:
    with pytest.raises(NotFoundError):
        await store.get(key)


async def test_a_folder_has_no_presigned_urls(tmp_path: Path) -> None:
    assert await open_blob_store(Settings(data_dir=tmp_path)).presign("ns/aa/x", 60) is None


async def test_a_presigned_url_of_s3_opens_without_credentials(seaweed: Seaweed) -> None:
    store = open_blob_store(seaweed.settings(blob_store=f"s3://{seaweed.bucket}/signed"))
    key = await store.put("ns_1", PNG)
    url = await store.presign(key, 60)
    assert url is not None
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as response:
            assert (response.status, await response.read()) == (200, PNG)
        async with session.get(url.partition("?")[0]) as response:
            assert response.status == 403


def test_a_store_that_is_neither_folder_nor_s3_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InternalError):
        open_blob_store(Settings(data_dir=tmp_path, blob_store="gs://bucket"))


async def test_an_s3_that_is_down_is_unavailable(unused_tcp_port: int) -> None:
    settings = Seaweed(f"http://127.0.0.1:{unused_tcp_port}").settings(blob_store="s3://bucket", fetch_timeout=1)
    store = open_blob_store(settings)
    for call in (store.put("ns_1", b"x"), store.get("ns_1/aa/x"), store.delete("ns_1/aa/x")):
        with pytest.raises(UnavailableError):
            await call
    with pytest.raises(UnavailableError) as caught:
        await S3Source(settings).read("s3://bucket/x")
    assert caught.value.reason == "S3_UNREACHABLE"


@pytest.fixture
async def reader(seaweed: Seaweed) -> AsyncIterator[BlobReader]:
    async with open_blob_reader(seaweed.settings(max_blob_bytes=1000)) as reader:
        yield reader


async def _upload(seaweed: Seaweed, key: str, content: bytes) -> None:
    await obstore.put_async(open_s3(seaweed.settings(), seaweed.bucket), key, content)


async def test_an_s3_url_is_read_with_the_credentials_of_the_server(seaweed: Seaweed, reader: BlobReader) -> None:
    await _upload(seaweed, "new arrivals/schuh é.png", PNG)
    fetched = await reader.read(f"s3://{seaweed.bucket}/new arrivals/schuh é.png")
    assert (fetched.content, fetched.mime_type, fetched.filename) == (PNG, "image/png", "schuh é.png")


async def test_faults_of_an_s3_url_are_named(seaweed: Seaweed, reader: BlobReader) -> None:
    await _upload(seaweed, "large", bytes(1001))
    wrong = seaweed.settings(s3_secret_access_key="wrong")
    assert await _reason(reader, f"s3://{seaweed.bucket}/large") == "S3_TOO_LARGE"
    assert await _reason(reader, f"s3://{seaweed.bucket}/none") == "S3_NOT_FOUND"
    assert await _reason(reader, "s3://no-such-bucket/x") == "S3_NOT_FOUND"
    assert await _reason(reader, f"s3://{seaweed.bucket}/../{seaweed.bucket}/large") == "S3_KEY"
    assert await _reason(S3Source(wrong), f"s3://{seaweed.bucket}/large") == "S3_DENIED"
    assert await _reason(S3Source(Settings()), "s3://bucket/x") == "S3_NOT_CONFIGURED"


@pytest.mark.parametrize("url", ["s3://", "s3://bucket", "s3://bucket/", "s3:///key", "s3://a@b/key", "s3://../key"])
async def test_a_malformed_s3_url_is_refused(url: str) -> None:
    assert await _reason(S3Source(Settings()), url) == "S3_URL"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.com/x", "/etc/passwd", "", "blob:x"])
async def test_other_schemes_are_refused(reader: BlobReader, url: str) -> None:
    assert await _reason(reader, url) == "SOURCE_SCHEME"


async def test_a_data_uri_is_read_in_place(reader: BlobReader) -> None:
    fetched = await reader.read("data:text/plain;base64,aGVsbG8=")
    assert (fetched.content, fetched.mime_type) == (b"hello", "text/plain")


async def test_http_urls_go_through_the_guard(reader: BlobReader) -> None:
    assert await _reason(reader, "HTTP://127.0.0.1/x") == "FETCH_REFUSED"


async def _reason(source: BlobReader | S3Source, url: str) -> str:
    with pytest.raises(LikenessError) as caught:
        await source.read(url)
    assert isinstance(caught.value, InvalidArgumentError)
    return caught.value.reason


KEYS = ["a b.txt", "a%20b.txt", "a+b.txt", "ü/日本.txt", "a?b=c", "a#b", "a%2Fb", "A.TXT", "end ", "..a/b..", "a\\b"]


async def test_every_key_is_read_as_it_is_written(seaweed: Seaweed, reader: BlobReader) -> None:
    store = open_s3(seaweed.settings(), seaweed.bucket)
    for key in KEYS:
        await obstore.put_async(store, key, key.encode())
    for key in KEYS:
        assert (await reader.read(f"s3://{seaweed.bucket}/{key}")).content.decode() == key


@pytest.mark.parametrize(
    "key", ["/other.txt", "other.txt/", "/other.txt/", "x//other.txt", "./other.txt", "x/../other.txt"]
)
async def test_a_key_that_would_be_another_is_refused_by_its_name(
    seaweed: Seaweed, reader: BlobReader, key: str
) -> None:
    await obstore.put_async(open_s3(seaweed.settings(), seaweed.bucket), "other.txt", b"other")
    with pytest.raises(InvalidArgumentError, match="cannot be read as it is written") as caught:
        await reader.read(f"s3://{seaweed.bucket}/{key}")
    assert caught.value.reason == "S3_KEY"
    assert f"'{key}'" in caught.value.message
