"""The tutorial's Option A and its monitoring queries, call by call, bodies as printed there."""

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, ok, set_up
from tests.support.tutorial.option_a import (
    BOOTSTRAP_OBJECT,
    BUCKET,
    COLLECTION,
    LOW_CONFIDENCE,
    NEW_OBJECT,
    REFERENCE_LABEL,
    RETRIEVER,
    UNKNOWN,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_step_1_creates_bucket_retriever_and_collection(client: httpx.AsyncClient) -> None:
    bucket = await ok(client, "POST", "/v1/buckets", BUCKET)
    assert bucket["bucket_id"].startswith("bkt_")
    assert (bucket["object_count"], bucket["total_size_bytes"], bucket["status"]) == (0, 0, "ACTIVE")
    retriever = await ok(client, "POST", "/v1/retrievers", RETRIEVER)
    assert retriever["collection_identifiers"] == ["products_unified"]
    assert retriever["collection_ids"] == []
    assert [stage["parameters"] for stage in retriever["stages"]] == [
        stage["config"]["parameters"] for stage in RETRIEVER["stages"]
    ]
    collection = await ok(client, "POST", "/v1/collections", COLLECTION)
    assert (collection["source"]["type"], collection["source"]["bucket_ids"]) == ("bucket", [bucket["bucket_id"]])
    assert collection["taxonomy"]["retriever_id"] == retriever["retriever_id"]
    assert collection["taxonomy"]["confidence_threshold"] == 0.30
    assert collection["feature_extractor"]["field_passthrough"][0]["source_path"] == "product_label"
    assert collection["taxonomy_applications"][0]["execution_mode"] == "materialize"


async def test_a_retriever_finds_its_collection_once_that_exists(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    retriever = await ok(client, "GET", "/v1/retrievers/ret_products_unified_classifier")
    assert retriever["collection_ids"] == [collection["collection_id"]]


async def test_step_2_an_upload_is_stored_with_one_job_per_collection(client: httpx.AsyncClient, stack: Stack) -> None:
    collection = await set_up(client)
    created = await ok(client, "POST", "/v1/buckets/bkt_products_unified/objects", BOOTSTRAP_OBJECT)
    assert created["status"] == "PENDING"
    assert created["key_prefix"] == "/bootstrap"
    assert created["metadata"] == {"product_label": None}
    assert created["product_label"] is None
    assert created["blobs"][0]["properties"]["url"] == "s3://my-bucket/products/shoe-001.jpg"
    processing = await stack.gateway.pool.fetch(
        "SELECT object_id, collection_id, status FROM processing WHERE object_id = $1", created["object_id"]
    )
    assert [tuple(row) for row in processing] == [(created["object_id"], collection["collection_id"], "PENDING")]
    jobs = "SELECT count(*) FROM pgqueuer WHERE convert_from(payload, 'UTF8') LIKE '%' || $1 || '%'"
    assert await stack.gateway.pool.fetchval(jobs, created["object_id"]) == 1


async def test_step_3_a_label_reaches_the_document_and_the_index_before_it_is_answered(
    client: httpx.AsyncClient, stack: Stack
) -> None:
    await set_up(client)
    created = await ok(client, "POST", "/v1/buckets/products_unified/objects", BOOTSTRAP_OBJECT)
    document_id = await stack.process(created["object_id"], match={"matched": False, "confidence": 0.21})
    path = f"/v1/buckets/{created['bucket_id']}/objects/{created['object_id']}"
    labelled = await ok(client, "PATCH", path, REFERENCE_LABEL)
    assert labelled["product_label"] == "Red Running Shoes"
    assert stack.surroundings.index.refreshed == [document_id]
    document = await ok(client, "GET", f"/v1/collections/col_products_unified/documents/{document_id}")
    assert document["product_label"] == document["metadata"]["product_label"] == "Red Running Shoes"
    assert document["taxonomy_match"] == {"matched": False, "source": "manual", "confidence": 0.21}
    assert document["_internal"]["labels"]["product_label"]["source"] == "human"


async def test_step_3_lists_documents_with_links_to_their_images(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    created = await ok(client, "POST", "/v1/buckets/products_unified/objects", BOOTSTRAP_OBJECT)
    await stack.process(created["object_id"])
    page = await ok(client, "GET", "/v1/collections/products_unified/documents?return_presigned_urls=true")
    [document] = page["results"]
    [blob] = document["document_blobs"]
    assert (blob["field"], blob["role"], blob["type"]) == ("image_url", "source", "image")
    assert blob["presigned_url"]


async def test_step_4_a_match_and_an_unknown_look_as_in_the_tutorial(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    matched = {"matched": True, "confidence": 0.87, "source_document_id": "doc_xyz123"}
    first = await ok(client, "POST", "/v1/buckets/products_unified/objects", NEW_OBJECT)
    second = await ok(client, "POST", "/v1/buckets/products_unified/objects", NEW_OBJECT)
    known = await stack.process(first["object_id"], match=matched, fields={"product_label": "Red Running Shoes"})
    unknown = await stack.process(second["object_id"], match={"matched": False, "confidence": 0.21})
    document = await ok(client, "GET", f"/v1/collections/products_unified/documents/{known}")
    assert document["metadata"] == {"product_label": "Red Running Shoes"}
    assert document["taxonomy_match"] == matched
    document = await ok(client, "GET", f"/v1/documents/{unknown}")
    assert document["metadata"] == {"product_label": None}
    assert document["taxonomy_match"] == {"matched": False, "confidence": 0.21}


async def test_step_5_finds_what_needs_a_label(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    ids = []
    for label in (None, "Red Running Shoes"):
        created = await ok(client, "POST", "/v1/buckets/products_unified/objects", NEW_OBJECT)
        ids.append(await stack.process(created["object_id"], fields={"product_label": label}))
    page = await ok(client, "GET", DOCUMENTS, params={"filters": UNKNOWN})
    assert [document["document_id"] for document in page["results"]] == ids[:1]


async def test_monitoring_queries(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    confidences = (0.35, 0.9, None, 0.5)
    ids = []
    for confidence in confidences:
        created = await ok(client, "POST", "/v1/buckets/products_unified/objects", NEW_OBJECT)
        match = None if confidence is None else {"matched": True, "confidence": confidence}
        label = None if confidence is None else "Shoes"
        ids.append(await stack.process(created["object_id"], match=match, fields={"product_label": label}))
    path = "/v1/collections/products_unified"
    spread = await ok(client, "GET", f"{path}/analytics/field-distribution?field=product_label")
    assert spread["distribution"] == [{"value": "Shoes", "count": 3, "percentage": 75.0}]
    assert (spread["total"], spread["missing"], spread["distinct"]) == (4, 1, 1)
    ordered = await ok(client, "GET", f"{path}/documents?sort_by=taxonomy_match.confidence&limit=100")
    assert [document["document_id"] for document in ordered["results"]] == [ids[1], ids[3], ids[0], ids[2]]
    low = await ok(client, "GET", DOCUMENTS, params={"filters": LOW_CONFIDENCE})
    assert [document["document_id"] for document in low["results"]] == ids[:1]
