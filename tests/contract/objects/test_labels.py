"""A label set by a person: it merges, reaches every document, and remembers what the machine had said."""

from typing import Any

import httpx
import pytest

from services.common.settings import Settings
from services.gateway.app import build_app
from services.gateway.main import open_gateway
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, OBJECTS, ok, set_up, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")

AUTO = {
    "source": "auto",
    "value": "Boots",
    "score": 0.8,
    "threshold": 0.3,
    "taxonomy_id": "tax_1",
    "evidence": [{"document_id": "doc_evidence"}],
}
MATCH = {"matched": True, "confidence": 0.8, "source_document_id": "doc_evidence"}


async def labelled(client: httpx.AsyncClient, stack: Stack, patch: dict[str, Any], **made: Any) -> dict[str, Any]:
    """A document that a worker made, after its object was patched."""
    await set_up(client)
    created = await upload(client)
    document_id = await stack.process(created["object_id"], **made)
    await ok(client, "PATCH", f"{OBJECTS}/{created['object_id']}", patch)
    document: dict[str, Any] = await ok(client, "GET", f"{DOCUMENTS}/{document_id}")
    return document


@pytest.mark.parametrize("patch", [{"metadata": {"product_label": "Shoes"}}, {"product_label": "Shoes"}])
async def test_both_forms_of_a_patch_set_the_label(
    client: httpx.AsyncClient, stack: Stack, patch: dict[str, Any]
) -> None:
    document = await labelled(client, stack, patch)
    assert document["metadata"]["product_label"] == "Shoes"


async def test_the_machines_answer_is_kept_beside_a_persons(client: httpx.AsyncClient, stack: Stack) -> None:
    made: dict[str, Any] = {"match": MATCH, "labels": {"product_label": AUTO}, "fields": {"product_label": "Boots"}}
    document = await labelled(client, stack, {"product_label": "Shoes"}, **made)
    provenance = document["_internal"]["labels"]["product_label"]
    assert (provenance["source"], provenance["value"]) == ("human", "Shoes")
    assert provenance["proposal"] == AUTO
    assert document["taxonomy_match"] == {"matched": False, "source": "manual", "confidence": 0.8}
    assert not [key for key in document["_internal"] if key.startswith("_taxonomy_")]


async def test_a_machines_label_shows_its_taxonomy(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    created = await upload(client)
    document_id = await stack.process(created["object_id"], match=MATCH, labels={"product_label": AUTO})
    internal = (await ok(client, "GET", f"{DOCUMENTS}/{document_id}"))["_internal"]
    assert internal["_taxonomy_tax_1_label"] == "Boots"
    assert internal["_taxonomy_tax_1_score"] == 0.8
    assert internal["_taxonomy_tax_1_id"] == "doc_evidence"
    assert internal["lineage"]["root_object_id"] == created["object_id"]


async def test_null_clears_a_label_and_a_person_did_it(client: httpx.AsyncClient, stack: Stack) -> None:
    document = await labelled(client, stack, {"product_label": None}, fields={"product_label": "Boots"})
    assert document["metadata"] == {"product_label": None}
    assert document["_internal"]["labels"]["product_label"]["source"] == "human"


async def test_a_patch_merges_and_leaves_other_fields_alone(client: httpx.AsyncClient) -> None:
    await set_up(client)
    created = await upload(client, {"metadata": {"a": 1, "product_label": "x"}})
    patched = await ok(client, "PATCH", f"{OBJECTS}/{created['object_id']}", {"b": 2, "key_prefix": "/moved"})
    assert patched["metadata"] == {"a": 1, "b": 2, "product_label": "x"}
    assert patched["key_prefix"] == "/moved"


async def test_fields_that_are_not_passed_through_stay_on_the_object(client: httpx.AsyncClient, stack: Stack) -> None:
    document = await labelled(client, stack, {"note": "private"})
    assert "note" not in document["metadata"]
    assert stack.surroundings.index.refreshed == []


async def test_a_label_set_before_there_is_a_document_is_remembered_as_a_persons(
    client: httpx.AsyncClient, stack: Stack
) -> None:
    await set_up(client)
    created = await upload(client)
    await ok(client, "PATCH", f"{OBJECTS}/{created['object_id']}", {"product_label": "Shoes"})
    query = "SELECT human_fields FROM objects WHERE object_id = $1"
    assert list(await stack.gateway.pool.fetchval(query, created["object_id"])) == ["product_label"]


async def test_a_patch_leaves_events_for_the_object_and_its_documents(client: httpx.AsyncClient, stack: Stack) -> None:
    document = await labelled(client, stack, {"product_label": "Shoes"})
    object_id = document["_internal"]["lineage"]["root_object_id"]
    query = "SELECT event_type FROM events WHERE subject_id = ANY($1) AND event_type LIKE '%.updated' ORDER BY seq"
    rows = await stack.gateway.pool.fetch(query, [object_id, document["document_id"]])
    assert [row["event_type"] for row in rows] == ["object.updated", "document.updated"]


async def test_a_label_is_stored_although_the_index_is_away(stack: Stack, client: httpx.AsyncClient) -> None:
    await set_up(client)
    created = await upload(client)
    document_id = await stack.process(created["object_id"])
    nowhere: Settings = stack.gateway.settings.model_copy(update={"index_address": "unix:/nowhere", "rpc_timeout": 1.0})
    async with open_gateway(nowhere) as gateway:
        headers = {"Authorization": f"Bearer {stack.key}", "X-Namespace": stack.namespace_id}
        transport = httpx.ASGITransport(app=build_app(gateway))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as lonely:
            await ok(lonely, "PATCH", f"{OBJECTS}/{created['object_id']}", {"product_label": "Shoes"})
    document = await ok(client, "GET", f"{DOCUMENTS}/{document_id}")
    assert document["product_label"] == "Shoes"
