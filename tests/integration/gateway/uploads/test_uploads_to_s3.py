"""Uploads whose bytes go to S3 and not through the gateway, confirmed on what S3 says of them."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.common.blobs import open_staging
from services.common.database.api_keys import create_key
from services.common.database.pool import Pool
from services.common.settings import Settings
from services.gateway.app import build_app
from services.gateway.main import open_gateway
from services.gateway.uploads import confirmation
from services.gateway.uploads.store import note_arrival
from services.worker.housekeeping.expired_uploads import sweep_uploads
from tests.support.gateway.rest import ok, refused
from tests.support.seaweed import Seaweed

CONTENT = b"a picture that is none"
UPLOADS = "/v1/buckets/things/uploads"
FILE = {"filename": "x.png", "content_type": "image/png", "blob_property": "picture"}
NOW = timedelta(0)


@pytest.fixture
def settings(settings: Settings, seaweed: Seaweed) -> Settings:
    """Blobs in S3."""
    on_s3 = seaweed.settings(blob_store=f"s3://{seaweed.bucket}/uploads_test")
    names = ("blob_store", "s3_endpoint", "s3_region", "s3_access_key_id", "s3_secret_access_key")
    return settings.model_copy(update={name: getattr(on_s3, name) for name in names})


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway over those."""
    async with open_gateway(settings) as gateway:
        _, key = await create_key(gateway.pool, "test")
        transport = httpx.ASGITransport(app=build_app(gateway))
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as client:
            await ok(client, "POST", "/v1/buckets", {"bucket_name": "things", "bucket_schema": {"properties": {}}})
            yield client


async def put(url: str, content: bytes, kind: str = "image/png") -> str:
    async with httpx.AsyncClient() as stranger:
        response = await stranger.put(url, content=content, headers={"Content-Type": kind})
    assert response.status_code == 200, response.text
    return str(response.headers["etag"])


async def test_a_confirmation_that_another_one_overtakes_says_the_same(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = await ok(client, "POST", UPLOADS, FILE)
    await put(created["presigned_url"], CONTENT)
    path = f"{UPLOADS}/{created['upload_id']}/confirm"
    first: list[dict[str, Any]] = []

    async def overtaken(*arguments: Any) -> None:
        monkeypatch.setattr(confirmation, "note_arrival", note_arrival)
        first.append(await ok(client, "POST", path, {}))
        await note_arrival(*arguments)

    monkeypatch.setattr(confirmation, "note_arrival", overtaken)
    assert await ok(client, "POST", path, {}) == first[0]
    assert first[0]["status"] == "COMPLETED"


async def test_an_upload_goes_to_s3_and_becomes_one_object(client: httpx.AsyncClient) -> None:
    created = await ok(client, "POST", UPLOADS, FILE)
    assert not created["presigned_url"].startswith("http://gateway")
    etag = await put(created["presigned_url"], CONTENT)
    path = f"{UPLOADS}/{created['upload_id']}/confirm"
    both = await asyncio.gather(*(ok(client, "POST", path, {"etag": etag}) for _ in range(2)))
    assert both[0] == both[1]
    assert both[0]["file_hash"] == hashlib.sha256(CONTENT).hexdigest()
    objects = (await ok(client, "GET", "/v1/buckets/things/objects?return_presigned_urls=true"))["results"]
    [blob] = [blob for each in objects for blob in each["blobs"]]
    async with httpx.AsyncClient() as stranger:
        assert (await stranger.get(blob["presigned_url"])).content == CONTENT


async def test_another_content_type_than_announced_is_refused(client: httpx.AsyncClient) -> None:
    created = await ok(client, "POST", UPLOADS, FILE)
    await put(created["presigned_url"], CONTENT, "text/html")
    error = await refused(client, 422, "POST", f"{UPLOADS}/{created['upload_id']}/confirm")
    assert error["code"] == "CONTENT_TYPE"


async def test_nothing_in_s3_is_nothing_to_confirm(client: httpx.AsyncClient) -> None:
    created = await ok(client, "POST", UPLOADS, FILE)
    await refused(client, 400, "POST", f"{UPLOADS}/{created['upload_id']}/confirm")


async def test_what_nobody_confirms_fails_and_its_bytes_go(
    client: httpx.AsyncClient, pool: Pool, settings: Settings
) -> None:
    expired, waiting = [await ok(client, "POST", UPLOADS, FILE) for _ in range(2)]
    for each in (expired, waiting):
        await put(each["presigned_url"], CONTENT)
    query = "UPDATE uploads SET expires_at = now() WHERE upload_id = $1"
    await pool.execute(query, expired["upload_id"])
    staging = open_staging(settings)
    await sweep_uploads(pool, staging, NOW)
    left = await staging.waiting()
    assert (expired["upload_id"] in left, waiting["upload_id"] in left) == (False, True)
    found = await ok(client, "GET", f"{UPLOADS}/{expired['upload_id']}")
    assert (found["status"], found["object_id"]) == ("FAILED", None)
    await ok(client, "POST", f"{UPLOADS}/{waiting['upload_id']}/confirm")
