"""Uploads wait apart from the blobs, in a folder or in S3, until they are kept."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.common.blobs import Staging, open_blob_store, open_staging
from services.common.errors import TooLargeError
from services.common.settings import Settings
from tests.support.seaweed import Seaweed

CONTENT = b"the content of an upload" * 1000
SHA256, MD5 = hashlib.sha256(CONTENT).hexdigest(), hashlib.md5(CONTENT).hexdigest()


async def pieces(content: bytes, size: int = 7001) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.fixture
def local(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, max_blob_bytes=100_000)


@pytest.fixture
def remote(seaweed: Seaweed, tmp_path: Path) -> Settings:
    return seaweed.settings(blob_store=f"s3://{seaweed.bucket}/staged", max_blob_bytes=100_000, data_dir=tmp_path)


@pytest.fixture(params=["local", "remote"])
def settings(request: pytest.FixtureRequest) -> Settings:
    found: Settings = request.getfixturevalue(request.param)
    return found


async def test_what_arrives_is_counted_hashed_and_kept_as_a_blob(settings: Settings) -> None:
    spared: list[str] = []

    async def spare(key: str) -> None:
        spared.append(key)

    staging = open_staging(settings, spare)
    arrived = await staging.receive("upl_1", pieces(CONTENT))
    assert (arrived.size_bytes, arrived.sha256, arrived.etag) == (len(CONTENT), SHA256, MD5)
    assert arrived.head == CONTENT[: len(arrived.head)]
    key = await staging.keep("ns_1", arrived)
    assert await staging.keep("ns_1", arrived) == key
    assert spared == [key, key]
    await staging.discard("upl_1")
    await staging.discard("upl_1")
    assert "upl_1" not in await staging.waiting()
    store = open_blob_store(settings)
    assert await store.get(key) == CONTENT
    assert await store.put("ns_1", CONTENT) == key


async def test_what_is_too_large_leaves_nothing(settings: Settings) -> None:
    staging = open_staging(settings)
    with pytest.raises(TooLargeError):
        await staging.receive("upl_2", pieces(bytes(100_001)))
    assert not list(settings.data_dir.rglob("upl_2/*"))
    await staging.discard("upl_2")
    assert "upl_2" not in await staging.waiting()


async def test_a_second_upload_replaces_the_first(settings: Settings) -> None:
    staging = open_staging(settings)
    await staging.receive("upl_3", pieces(b"first"))
    second = await staging.receive("upl_3", pieces(CONTENT))
    assert await open_blob_store(settings).get(await staging.keep("ns_1", second)) == CONTENT
    assert "upl_3" in await staging.waiting()


async def test_a_folder_leaves_signing_to_the_gateway(local: Settings) -> None:
    staging = open_staging(local)
    assert await staging.presign("upl_1", 60) is None
    assert await staging.inspect("upl_1") is None


async def put(staging: Staging, upload_id: str, content: bytes, kind: str) -> None:
    url = await staging.presign(upload_id, 60)
    assert url is not None
    async with httpx.AsyncClient() as client:
        response = await client.put(url, content=content, headers={"Content-Type": kind})
    assert response.status_code == 200, response.text


async def test_s3_takes_the_bytes_itself(remote: Settings) -> None:
    staging = open_staging(remote)
    assert await staging.inspect("upl_4") is None
    await put(staging, "upl_4", CONTENT, "image/png")
    arrived = await staging.inspect("upl_4")
    assert arrived is not None
    assert (arrived.size_bytes, arrived.sha256, arrived.etag) == (len(CONTENT), SHA256, MD5)
    assert arrived.content_type == "image/png"
    assert await open_blob_store(remote).get(await staging.keep("ns_1", arrived)) == CONTENT


async def test_what_s3_took_beyond_the_limit_is_found_out(remote: Settings) -> None:
    staging = open_staging(remote)
    await put(staging, "upl_5", bytes(100_001), "image/png")
    with pytest.raises(TooLargeError):
        await staging.inspect("upl_5")


async def test_what_changes_between_looking_and_keeping_is_not_kept(remote: Settings) -> None:
    staging = open_staging(remote)
    await put(staging, "upl_6", CONTENT, "image/png")
    arrived = await staging.inspect("upl_6")
    assert arrived is not None
    await put(staging, "upl_6", b"something else", "image/png")
    with pytest.raises(Exception, match="changed"):
        await staging.keep("ns_2", arrived)
