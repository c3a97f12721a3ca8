"""Fields are the user's own; one that looks like a slip is stored, and told."""

from typing import Any

import httpx
import pytest

from tests.support.gateway.rest import DOCUMENTS, OBJECTS, ok, set_up, upload
from tests.support.tutorial.option_a import BOOTSTRAP_OBJECT

pytestmark = pytest.mark.asyncio(loop_scope="session")


def told(answer: dict[str, Any]) -> list[str]:
    return [each["id"] for each in answer.get("warnings", []) if each["resource"] == "field"]


@pytest.mark.parametrize(
    ("extra", "ids"),
    [
        ({"metdata": {"a": 1}}, ["metdata"]),
        ({"blob": []}, ["blob"]),
        ({"product_lable": "x"}, ["product_lable"]),
        ({"metadata": {"product_lable": "x"}}, ["product_lable"]),
        ({"skip_duplicate": True}, ["skip_duplicate"]),
        ({"product_label": "x"}, []),
        ({"metadata": {"product_label": "x", "price": 1}}, []),
        ({"sku": "x", "date": "2026-01-01", "colour": "red"}, []),
    ],
)
async def test_a_slip_is_told_when_an_object_is_made_and_changed(
    client: httpx.AsyncClient, extra: dict[str, Any], ids: list[str]
) -> None:
    await set_up(client)
    made = await upload(client, {**BOOTSTRAP_OBJECT, **extra})
    assert told(made) == ids
    (batch,) = (await ok(client, "POST", f"{OBJECTS}/batch", {"objects": [{**BOOTSTRAP_OBJECT, **extra}]}))["succeeded"]
    assert told(batch) == ids
    if "blob" not in extra and "skip_duplicate" not in extra:
        assert told(await ok(client, "PATCH", f"{OBJECTS}/{made['object_id']}", extra)) == ids


async def test_what_looks_like_a_slip_is_stored_as_it_is(client: httpx.AsyncClient) -> None:
    await set_up(client)
    made = await upload(client, {**BOOTSTRAP_OBJECT, "product_lable": "x"})
    shown = await ok(client, "GET", f"{OBJECTS}/{made['object_id']}")
    assert shown["product_lable"] == "x"
    assert told(shown) == []


@pytest.mark.parametrize(
    ("fields", "ids"),
    [
        ({"product_lable": "x"}, ["product_lable"]),
        ({"metadata": {"product_lable": "x"}}, ["product_lable"]),
        ({"metdata": {"product_label": "x"}}, ["metdata"]),
        ({"product_label": "x", "price": 1, "info": {"kind": 1}}, []),
    ],
)
async def test_a_slip_on_a_document_is_told(client: httpx.AsyncClient, fields: dict[str, Any], ids: list[str]) -> None:
    await set_up(client)
    document = (await ok(client, "POST", DOCUMENTS, {"number": 1}))["document_id"]
    assert told(await ok(client, "PATCH", f"{DOCUMENTS}/{document}", fields)) == ids
    assert told(await ok(client, "PUT", f"/v1/documents/{document}", fields)) == ids
    every = {"document_ids": [document], "update_data": fields}
    for method, path, body in (
        ("POST", f"{DOCUMENTS}/batch", every),
        ("POST", f"{DOCUMENTS}/batch", {"updates": [{"document_id": document, "update_data": fields}]}),
        ("PATCH", f"{DOCUMENTS}/bulk", every),
    ):
        assert told(await ok(client, method, path, body)) == ids
    assert told(await ok(client, "GET", f"{DOCUMENTS}/{document}")) == []


async def test_a_slip_on_a_new_document_is_told_and_a_field_of_that_name_is_kept(client: httpx.AsyncClient) -> None:
    await set_up(client)
    assert told(await ok(client, "POST", DOCUMENTS, {"product_lable": "x"})) == ["product_lable"]
    assert told(await ok(client, "POST", DOCUMENTS, {"product_label": "x"})) == []
    own = await ok(client, "POST", DOCUMENTS, {"product_lable": "x", "warnings": "fragile"})
    assert own["warnings"] == "fragile"
