"""A blank label is none, whichever way it comes in; two spellings of one text are one label."""

from typing import Any

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, OBJECTS, ok, refused, set_up, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")

FIELD = "product_label"
BLANKS: list[Any] = ["", "  ", "\u00a0\t", "\u200b\ufeff", [], {}, False, ["", " "], {"a": ""}]
SPELLINGS = [" Cafe\u0301\n", "\u200bCaf\u00e9 "]
CAFE = "Caf\u00e9"
each_blank = pytest.mark.parametrize("blank", BLANKS, ids=ascii)
AUTO = {"source": "auto", "value": "Boots", "score": 0.8}


async def with_document(client: httpx.AsyncClient, stack: Stack) -> tuple[str, str]:
    """The paths of an object and its document, which a machine has labelled Boots."""
    await set_up(client)
    object_id = (await upload(client))["object_id"]
    document_id = await stack.process(object_id, labels={FIELD: AUTO}, fields={FIELD: "Boots"})
    return f"{OBJECTS}/{object_id}", f"{DOCUMENTS}/{document_id}"


async def cleared_by_a_person(client: httpx.AsyncClient, document: str) -> None:
    read = await ok(client, "GET", document)
    entry = read["_internal"]["labels"][FIELD]
    assert (read["metadata"][FIELD], entry["source"], entry["value"]) == (None, "human", None)


@each_blank
@pytest.mark.parametrize("form", ["root", "metadata"])
async def test_an_upload_with_a_blank_label_has_none(client: httpx.AsyncClient, blank: Any, form: str) -> None:
    await set_up(client)
    body = {FIELD: blank, "note": blank} if form == "root" else {"metadata": {FIELD: blank, "note": blank}}
    created = await upload(client, body)
    read = await ok(client, "GET", f"{OBJECTS}/{created['object_id']}")
    assert read["metadata"][FIELD] is None
    assert read["metadata"]["note"] == blank


async def test_a_batch_of_uploads_with_blank_labels_has_none(client: httpx.AsyncClient) -> None:
    await set_up(client)
    body = {"objects": [{"metadata": {FIELD: blank}} for blank in (" ", " Caf\u0065\u0301 ")]}
    results = (await ok(client, "POST", f"{OBJECTS}/batch", body))["succeeded"]
    read = [await ok(client, "GET", f"{OBJECTS}/{each['object_id']}") for each in results]
    assert [each["metadata"][FIELD] for each in read] == [None, CAFE]


@each_blank
async def test_a_blank_patch_of_an_object_clears_its_label(client: httpx.AsyncClient, stack: Stack, blank: Any) -> None:
    one, document = await with_document(client, stack)
    assert (await ok(client, "PATCH", one, {FIELD: blank}))["metadata"][FIELD] is None
    await cleared_by_a_person(client, document)


@each_blank
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_a_blank_patch_of_a_document_clears_its_label(
    client: httpx.AsyncClient, stack: Stack, blank: Any, method: str
) -> None:
    _, document = await with_document(client, stack)
    await ok(client, method, document, {FIELD: blank})
    await cleared_by_a_person(client, document)


@each_blank
async def test_a_blank_edit_among_many_clears_the_label(client: httpx.AsyncClient, stack: Stack, blank: Any) -> None:
    _, document = await with_document(client, stack)
    document_id = document.rpartition("/")[2]
    updates = [{"document_id": document_id, "update_data": {FIELD: blank}}]
    await ok(client, "POST", f"{DOCUMENTS}/batch", {"updates": updates})
    await cleared_by_a_person(client, document)


@each_blank
async def test_a_document_created_with_a_blank_label_has_none(client: httpx.AsyncClient, blank: Any) -> None:
    await set_up(client)
    made = await ok(client, "POST", DOCUMENTS, {"metadata": {FIELD: blank, "note": blank}})
    assert made["metadata"][FIELD] is None
    assert FIELD not in made["_internal"].get("labels", {})


@pytest.mark.parametrize("spelling", SPELLINGS, ids=ascii)
async def test_every_spelling_is_kept_as_one_label(client: httpx.AsyncClient, stack: Stack, spelling: str) -> None:
    one, document = await with_document(client, stack)
    await ok(client, "PATCH", one, {FIELD: spelling})
    created = await ok(client, "POST", DOCUMENTS, {"metadata": {FIELD: spelling}})
    read = await ok(client, "GET", document)
    assert read["metadata"][FIELD] == read["_internal"]["labels"][FIELD]["value"] == CAFE
    assert created["metadata"][FIELD] == CAFE


async def test_a_label_is_found_in_either_spelling(client: httpx.AsyncClient, stack: Stack) -> None:
    one, _ = await with_document(client, stack)
    await ok(client, "PATCH", one, {FIELD: "Cafe\u0301"})
    for spelling in (CAFE, "Cafe\u0301"):
        for condition in ({"operator": "eq", "value": spelling}, {"operator": "in", "value": [spelling]}):
            found = await ok(client, "POST", f"{DOCUMENTS}/list", {"filters": {"field": FIELD, **condition}})
            assert len(found["results"]) == 1


async def test_an_upsert_never_blanks_a_label(client: httpx.AsyncClient, stack: Stack) -> None:
    bucket = {"bucket_name": "keyed", "unique_key": {"fields": ["sku"], "default_policy": "upsert"}}
    schema = {"properties": {"image": {"type": "image"}, "sku": {"type": "string"}}}
    await set_up(client)
    bucket_id = (await ok(client, "POST", "/v1/buckets", {**bucket, "bucket_schema": schema}))["bucket_id"]
    collection = (await ok(client, "GET", "/v1/collections/products_unified"))["collection_id"]
    change = "UPDATE collections SET bucket_ids = array_append(bucket_ids, $1) WHERE collection_id = $2"
    await stack.gateway.pool.execute(change, bucket_id, collection)
    path = f"/v1/buckets/{bucket_id}/objects"
    made = await ok(client, "POST", path, {"metadata": {"sku": "1", FIELD: " Boots "}})
    again = await ok(client, "POST", path, {"metadata": {"sku": "1", FIELD: "  ", "note": " "}})
    assert again["object_id"] == made["object_id"]
    assert again["metadata"] == {"sku": "1", FIELD: "Boots", "note": " "}


async def test_a_blank_annotation_is_refused(client: httpx.AsyncClient, stack: Stack) -> None:
    _, document = await with_document(client, stack)
    body = {"document_id": document.rpartition("/")[2], "label": " \u200b"}
    error = await refused(client, 422, "POST", "/v1/annotations", body)
    assert "label" in str(error["details"])
    await refused(client, 422, "POST", "/v1/annotations/bulk", {"create": [body]})
    made = await ok(client, "POST", "/v1/annotations", {**body, "label": " boots "})
    assert (made["label"], made["verdict"]) == ("boots", "correct")
    await refused(client, 422, "PATCH", f"/v1/annotations/{made['annotation_id']}", {"label": "  "})


async def test_a_blank_node_is_refused(client: httpx.AsyncClient, stack: Stack) -> None:
    _, document = await with_document(client, stack)
    source = [{"collection_id": "products_unified", "document_id": document.rpartition("/")[2]}]
    body = {"taxonomy_name": "made", "node_label": "\u3000", "documents": source}
    error = await refused(client, 422, "POST", "/v1/taxonomies/from-documents", body)
    assert "node_label" in str(error["details"])
    made = await ok(client, "POST", "/v1/taxonomies/from-documents", {**body, "node_label": SPELLINGS[0]})
    assert made["node_label"] == CAFE


async def test_what_was_blank_before_the_field_was_a_label_waits_for_review(
    client: httpx.AsyncClient, stack: Stack
) -> None:
    await set_up(client)
    await stack.process((await upload(client))["object_id"], fields={FIELD: " "})
    coverage = await ok(client, "GET", "/v1/collections/products_unified/analytics/label-coverage")
    queue = await ok(client, "GET", "/v1/collections/products_unified/analytics/review-queue")
    assert [(each["labelled"], each["unlabelled"]) for each in coverage["fields"]] == [(0, 1)]
    assert (queue["length"], queue["fields"][0]["unlabelled"]) == (1, 1)
