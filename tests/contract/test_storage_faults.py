"""A storage that refuses writes: said in a sentence, shown by the deep health, logged with its reason."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from structlog.testing import CapturingLogger

from services.common.blobs import open_blob_store, open_staging, store_errors
from services.common.settings import Settings
from services.gateway.app import build_app
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import OBJECTS, PIXEL, ok, refused, set_up
from tests.support.seaweed import Seaweed

pytestmark = pytest.mark.asyncio(loop_scope="session")
INLINE = {"blobs": [{"property": "image_url", "type": "image", "data": f"data:image/png;base64,{PIXEL}"}]}
UPLOADS = OBJECTS.removesuffix("/objects") + "/uploads"
DEEP = "/v1/health/deep"
DUMPS = ("Error", "error:", "Errno", "/tmp", "Generic", "<?xml", "http://", "blobs", "debug", "\n")


def stored_at(stack: Stack, settings: Settings) -> Stack:
    """The stack with its blobs elsewhere."""
    gateway = replace(stack.gateway, blobs=open_blob_store(settings), staging=open_staging(settings))
    return replace(stack, gateway=gateway, app=build_app(gateway))


async def deep(stack: Stack) -> httpx.Response:
    """The deep health, which the client's class cannot read when it is not well."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=stack.app), base_url="http://gateway") as bare:
        return await bare.get(DEEP)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    """What the store's faults write to the log."""
    logger = CapturingLogger()
    monkeypatch.setattr(store_errors, "log", logger)
    return logger


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The data folder whose `blobs` a test breaks."""
    return tmp_path


@pytest.fixture
def elsewhere(stack: Stack, folder: Path) -> Stack:
    """A gateway on that folder."""
    return stored_at(stack, Settings(data_dir=folder))


@pytest_asyncio.fixture(loop_scope="session")
async def broken(elsewhere: Stack, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway where a file lies in the place of the folder for blobs."""
    async with elsewhere.client() as client:
        await set_up(client)
        assert (await ok(client, "GET", DEEP))["data"]["object_storage"] is True
        (folder / "blobs").rmdir()
        (folder / "blobs").write_text("in the way")
        yield client


def is_a_sentence(error: dict[str, Any]) -> bool:
    return error["message"].endswith(".") and not any(dump in error["message"] for dump in DUMPS)


async def test_an_object_that_cannot_be_stored_is_refused_in_words(
    broken: httpx.AsyncClient, logged: CapturingLogger
) -> None:
    error = await refused(broken, 503, "POST", OBJECTS, INLINE)
    assert (error["code"], error["details"]["retryable"]) == ("BLOB_STORE", True)
    assert "a file where its folder should be" in error["message"]
    assert is_a_sentence(error)
    assert logged.calls[0].kwargs["error"].startswith(("FileExistsError", "NotADirectoryError"))
    assert (await ok(broken, "GET", OBJECTS))["results"] == []


async def test_an_upload_that_cannot_be_stored_is_refused_in_words(broken: httpx.AsyncClient, folder: Path) -> None:
    asked = {"filename": "a.png", "content_type": "image/png"}
    url = (await ok(broken, "POST", UPLOADS, asked))["presigned_url"]
    response = await broken.put(url, content=b"x", headers={"Content-Type": "image/png"})
    assert response.status_code == 503
    assert is_a_sentence(response.json()["error"])
    (folder / "blobs").unlink()
    assert (await broken.put(url, content=b"x", headers={"Content-Type": "image/png"})).status_code == 200


async def test_the_deep_health_says_why(broken: httpx.AsyncClient, elsewhere: Stack, folder: Path) -> None:
    response = await deep(elsewhere)
    assert response.status_code == 503
    found = response.json()
    assert (found["status"], found["data"]["object_storage"]) == ("DEGRADED", False)
    assert "a file where its folder should be" in found["errors"]["object_storage"]
    (folder / "blobs").unlink()
    assert (await ok(broken, "GET", DEEP))["data"]["object_storage"] is True
    assert list((folder / "blobs").iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"s3_secret_access_key": "wrong"}, "refuses the S3 credentials"),
        ({"s3_access_key_id": "nobody"}, "credentials"),
    ],
)
async def test_an_s3_that_denies_is_named(
    stack: Stack, seaweed: Seaweed, changes: dict[str, str], why: str, logged: CapturingLogger
) -> None:
    settings = seaweed.settings(blob_store=f"s3://{seaweed.bucket}/denied", **changes)
    denied = stored_at(stack, settings)
    async with denied.client() as client:
        await set_up(client)
        error = await refused(client, 503, "POST", OBJECTS, INLINE)
        assert (error["code"], is_a_sentence(error)) == ("BLOB_STORE", True)
        assert why in error["message"]
        response = await deep(denied)
        assert (response.status_code, why in response.json()["errors"]["object_storage"]) == (503, True)
    assert "PermissionDenied" in logged.calls[0].kwargs["error"]


async def test_an_s3_that_is_away_is_named_without_its_address(stack: Stack, unused_tcp_port: int) -> None:
    settings = Seaweed(f"http://127.0.0.1:{unused_tcp_port}").settings(blob_store="s3://bucket", fetch_timeout=1)
    async with stored_at(stack, settings).client() as client:
        await set_up(client)
        error = await refused(client, 503, "POST", OBJECTS, INLINE)
        assert (error["code"], is_a_sentence(error)) == ("BLOB_STORE", True)


async def test_a_sound_s3_is_probed_and_left_clean(stack: Stack, seaweed: Seaweed) -> None:
    settings = seaweed.settings(blob_store=f"s3://{seaweed.bucket}/sound")
    async with stored_at(stack, settings).client() as client:
        assert (await ok(client, "GET", DEEP))["data"]["object_storage"] is True
