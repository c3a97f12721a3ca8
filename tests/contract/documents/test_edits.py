"""A label set on a document is a person's, and of this document alone; documents made, changed and deleted."""

from typing import Any

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, OBJECTS, ok, refused, set_up, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")

AUTO = {"source": "auto", "value": "Boots", "score": 0.8, "taxonomy_id": "tax_x", "set_at": "2026-01-01T00:00:00+00:00"}
MATCH = {"matched": True, "confidence": 0.8, "source_document_id": "doc_other"}
UNIT = [0.6, 0.8, 0.0, 0.0]


async def labelled(client: httpx.AsyncClient, stack: Stack) -> str:
    """A document that a machine has labelled."""
    await set_up(client)
    created = await upload(client)
    fields = {"product_label": "Boots", "size": {"eu": 42, "uk": 8}}
    return await stack.process(created["object_id"], match=MATCH, labels={"product_label": AUTO}, fields=fields)


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("body", [{"product_label": "Shoes"}, {"metadata": {"product_label": "Shoes"}}])
@pytest.mark.parametrize("path", [DOCUMENTS, "/v1/documents"])
async def test_a_label_set_on_a_document_is_a_persons(
    client: httpx.AsyncClient, stack: Stack, method: str, body: Any, path: str
) -> None:
    document_id = await labelled(client, stack)
    document = await ok(client, method, f"{path}/{document_id}", body)
    assert document["product_label"] == document["metadata"]["product_label"] == "Shoes"
    assert document["taxonomy_match"] == {"matched": False, "source": "manual", "confidence": 0.8}
    label = document["_internal"]["labels"]["product_label"]
    assert (label["source"], label["value"], label["proposal"]["value"]) == ("human", "Shoes", "Boots")
    assert stack.surroundings.index.refreshed == [document_id]
    assert document["_internal"]["lineage"]["root_object_id"]


async def test_it_reaches_neither_the_object_nor_its_other_documents(client: httpx.AsyncClient, stack: Stack) -> None:
    document_id = await labelled(client, stack)
    first = await ok(client, "GET", f"/v1/documents/{document_id}")
    object_id = first["_internal"]["lineage"]["root_object_id"]
    sibling = await ok(client, "POST", DOCUMENTS, {"root_object_id": object_id, "product_label": None})
    await ok(client, "PATCH", f"{DOCUMENTS}/{document_id}", {"product_label": "Shoes"})
    assert (await ok(client, "GET", f"/v1/documents/{sibling['document_id']}"))["product_label"] is None
    assert (await ok(client, "GET", f"{OBJECTS}/{object_id}"))["metadata"]["product_label"] is None


async def test_other_fields_change_without_touching_the_label(client: httpx.AsyncClient, stack: Stack) -> None:
    document_id = await labelled(client, stack)
    document = await ok(client, "PATCH", f"{DOCUMENTS}/{document_id}", {"size.eu": 43, "metadata.note": "new"})
    assert (document["size"], document["note"]) == ({"eu": 43, "uk": 8}, "new")
    assert document["taxonomy_match"] == MATCH
    assert document["_internal"]["labels"]["product_label"]["source"] == "auto"


async def test_a_label_is_cleared_by_null(client: httpx.AsyncClient, stack: Stack) -> None:
    document_id = await labelled(client, stack)
    document = await ok(client, "PATCH", f"{DOCUMENTS}/{document_id}", {"product_label": None})
    assert document["metadata"]["product_label"] is None
    assert document["_internal"]["labels"]["product_label"]["source"] == "human"


async def test_a_document_sent_back_whole_stays_as_it_is(client: httpx.AsyncClient, stack: Stack) -> None:
    document_id = await labelled(client, stack)
    before = await ok(client, "GET", f"{DOCUMENTS}/{document_id}")
    before["product_label"] = before["metadata"]["product_label"] = "Shoes"
    after = await ok(client, "PUT", f"{DOCUMENTS}/{document_id}", before)
    assert after["metadata"] == before["metadata"]
    assert after["document_blobs"] == before["document_blobs"]


@pytest.mark.parametrize("name", ["document_id", "_internal", "taxonomy_match", "taxonomy_match.matched"])
async def test_what_the_server_sets_cannot_be_patched(client: httpx.AsyncClient, stack: Stack, name: str) -> None:
    document_id = await labelled(client, stack)
    error = await refused(client, 422, "PATCH", f"{DOCUMENTS}/{document_id}", {name: "x"})
    assert error["details"]["path"] == f"body.{name}"


async def test_changes_are_told(client: httpx.AsyncClient, stack: Stack) -> None:
    document_id = await labelled(client, stack)
    await ok(client, "PATCH", f"{DOCUMENTS}/{document_id}", {"product_label": "Shoes"})
    await ok(client, "DELETE", f"/v1/documents/{document_id}")
    query = "SELECT event_type FROM events WHERE subject_id = $1 ORDER BY seq"
    told = [row["event_type"] for row in await stack.gateway.pool.fetch(query, document_id)]
    assert told == ["document.created", "document.updated", "document.deleted"]


@pytest.mark.parametrize("name", ["image_extractor_v1_embedding", "google_siglip_base_v1"])
async def test_a_document_is_made_directly_with_its_vector(client: httpx.AsyncClient, stack: Stack, name: str) -> None:
    await set_up(client)
    body = {"product_label": "Shoes", "metadata": {"colour": "red"}, "vectors": {name: UNIT}}
    made = await ok(client, "POST", DOCUMENTS, body)
    assert (made["product_label"], made["colour"]) == ("Shoes", "red")
    assert made["_internal"]["lineage"]["source_type"] == "direct_upsert"
    assert made["_internal"]["labels"]["product_label"]["source"] == "import"
    assert stack.surroundings.index.refreshed == [made["document_id"]]
    read = await ok(client, "GET", f"{DOCUMENTS}/{made['document_id']}?return_vectors=true")
    assert read["image_extractor_v1_embedding"] == pytest.approx(UNIT, abs=1e-3)


@pytest.mark.parametrize(
    ("vectors", "path"),
    [
        ({"image_extractor_v1_embedding": [1.0, 0.0]}, "body.vectors.image_extractor_v1_embedding"),
        ({"image_extractor_v1_embedding": [3.0, 0.0, 0.0, 0.0]}, "body.vectors.image_extractor_v1_embedding"),
        ({"image_extractor_v1_embedding": [1e300, 0.0, 0.0, 0.0]}, "body.vectors.image_extractor_v1_embedding"),
        ({"other": UNIT}, "body.vectors.other"),
        ({"image_extractor_v1_embedding": ["x"]}, "body.vectors.image_extractor_v1_embedding.0"),
    ],
)
async def test_a_vector_that_does_not_fit_its_slot_is_refused(
    client: httpx.AsyncClient, vectors: Any, path: str
) -> None:
    await set_up(client)
    assert (await refused(client, 422, "POST", DOCUMENTS, {"vectors": vectors}))["details"]["path"] == path


async def test_the_object_made_for_a_document_goes_with_it(client: httpx.AsyncClient) -> None:
    await set_up(client)
    made = await ok(client, "POST", DOCUMENTS, {"colour": "red"})
    assert len((await ok(client, "GET", OBJECTS))["results"]) == 1
    await ok(client, "DELETE", f"{DOCUMENTS}/{made['document_id']}")
    assert (await ok(client, "GET", OBJECTS))["results"] == []


async def test_a_document_cannot_be_made_of_what_does_not_exist(client: httpx.AsyncClient) -> None:
    await set_up(client)
    for body in ({"root_object_id": "obj_nope"}, {"source_document_id": "doc_nope"}, {"root_bucket_id": "nope"}):
        await refused(client, 404, "POST", DOCUMENTS, body)


async def test_many_documents_change_in_one_call(client: httpx.AsyncClient) -> None:
    await set_up(client)
    ids = [(await ok(client, "POST", DOCUMENTS, {"number": n}))["document_id"] for n in range(3)]
    updates = [{"document_id": each, "update_data": {"product_label": each}} for each in (*ids[:2], "doc_nope")]
    answer = await ok(client, "POST", f"{DOCUMENTS}/batch", {"updates": updates})
    assert (answer["updated_count"], answer["failed_count"]) == (2, 1)
    body = {"filters": {"product_label": None}, "update_data": {"product_label": "rest"}}
    assert (await ok(client, "POST", f"{DOCUMENTS}/batch", body))["updated_count"] == 1
    got = await ok(client, "POST", "/v1/documents/batch-get", {"document_ids": [*ids, "doc_nope"]})
    assert [each["product_label"] for each in got["documents"]] == [ids[0], ids[1], "rest"]
    assert got["not_found"] == ["doc_nope"]
    gone = await ok(client, "DELETE", f"{DOCUMENTS}/batch", {"document_ids": [*ids[:2], "doc_nope"]})
    assert (gone["deleted_count"], gone["failed_count"]) == (2, 1)


async def test_bulk_changes_answer_with_a_task(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    body: dict[str, Any] = {"filters": {"number": 1}, "update_data": {"product_label": "x"}}
    task = await ok(client, "PATCH", f"{DOCUMENTS}/bulk", body)
    assert task["status"] == "PENDING"
    task = await ok(client, "DELETE", f"{DOCUMENTS}/batch", {"filters": {"number": 1}})
    assert task["status"] == "PENDING"
    kinds = await stack.gateway.pool.fetch("SELECT kind FROM tasks WHERE namespace_id = $1", stack.namespace_id)
    assert sorted(row["kind"] for row in kinds) == ["bulk_delete_documents", "bulk_update_documents"]


async def test_documents_of_another_namespace_are_out_of_reach(client: httpx.AsyncClient, stack: Stack) -> None:
    document_id = await labelled(client, stack)
    await stack.gateway.pool.execute("INSERT INTO namespaces VALUES ('ns_far' || $1, 'far' || $1)", stack.namespace_id)
    async with stack.client(f"ns_far{stack.namespace_id}") as other:
        for method in ("GET", "PATCH", "PUT", "DELETE"):
            await refused(other, 404, method, f"/v1/documents/{document_id}", {} if method[0] == "P" else None)
        got = await ok(other, "POST", "/v1/documents/batch-get", {"document_ids": [document_id]})
        assert got == {"documents": [], "not_found": [document_id]}
