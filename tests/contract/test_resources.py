"""Buckets, retrievers, collections and namespaces: every identifier, dialect and change that the contract allows."""

from typing import Any

import httpx
import pytest

from likeness.taxonomy.v1 import taxonomy_pb2
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import OBJECTS, ok, refused, set_up, upload
from tests.support.gateway.scripted_services import NAMED
from tests.support.tutorial.option_a import BUCKET, COLLECTION, RETRIEVER

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXTRACTOR = COLLECTION["feature_extractor"]


@pytest.mark.parametrize(("kind", "prefix"), [("buckets", "bkt"), ("retrievers", "ret"), ("collections", "col")])
async def test_id_name_and_prefixed_name_find_the_same(client: httpx.AsyncClient, kind: str, prefix: str) -> None:
    await set_up(client)
    name = "products_unified_classifier" if kind == "retrievers" else "products_unified"
    by_name = await ok(client, "GET", f"/v1/{kind}/{name}")
    identifier = by_name[{"bkt": "bucket_id", "ret": "retriever_id", "col": "collection_id"}[prefix]]
    assert identifier.startswith(f"{prefix}_")
    assert await ok(client, "GET", f"/v1/{kind}/{identifier}") == by_name
    assert await ok(client, "GET", f"/v1/{kind}/{prefix}_{name}") == by_name


@pytest.mark.parametrize("path", ["/v1/buckets", "/v1/buckets/", "/api/v1/buckets", "/buckets", "/buckets/"])
async def test_every_spelling_of_the_base_path_works(client: httpx.AsyncClient, path: str) -> None:
    await ok(client, "POST", path, BUCKET)
    assert (await ok(client, "GET", path))["total_count"] == 1


@pytest.mark.parametrize("kind", ["buckets", "retrievers", "collections"])
async def test_lists_need_no_body_and_page_by_cursor(client: httpx.AsyncClient, kind: str) -> None:
    await set_up(client)
    await ok(client, "POST", "/v1/buckets", BUCKET | {"bucket_name": "second"})
    await ok(client, "POST", "/v1/retrievers", RETRIEVER | {"retriever_name": "second"})
    await ok(client, "POST", "/v1/collections", COLLECTION | {"collection_name": "second"})
    headers = {"content-type": "application/json"}
    page = (await client.post(f"/v1/{kind}/list", content=b"", headers=headers)).json()
    assert len(page["results"]) == page.get("total_count", page.get("total")) == 2
    first = await ok(client, "GET", f"/v1/{kind}?limit=1")
    second = await ok(client, "GET", f"/v1/{kind}?limit=1&cursor={first['pagination']['next_cursor']}")
    assert first["results"] + second["results"] == page["results"]
    assert second["pagination"]["next_cursor"] is None


async def test_lists_are_searched_and_filtered(client: httpx.AsyncClient) -> None:
    for name in ("shoes", "hats"):
        await ok(client, "POST", "/v1/buckets", BUCKET | {"bucket_name": name, "metadata": {"team": name[0]}})
    found = await ok(client, "POST", "/v1/buckets/list", {"search": "SHO"})
    assert [bucket["bucket_name"] for bucket in found["results"]] == ["shoes"]
    found = await ok(client, "POST", "/v1/buckets/list", {"filters": {"bucket_name": "hats"}})
    assert [bucket["bucket_name"] for bucket in found["results"]] == ["hats"]
    found = await ok(client, "POST", "/v1/buckets/list", {"filters": {"metadata.team": "s"}})
    assert [bucket["bucket_name"] for bucket in found["results"]] == ["shoes"]


async def test_older_spellings_of_a_bucket(client: httpx.AsyncClient) -> None:
    body = {"name": "old", "schema": {"properties": {"a": {"type": "json"}, "b": {"type": "binary"}}}}
    bucket = await ok(client, "POST", "/v1/buckets", body)
    types = {name: field["type"] for name, field in bucket["bucket_schema"]["properties"].items()}
    assert (bucket["bucket_name"], types) == ("old", {"a": "object", "b": "text"})


async def test_a_bucket_counts_its_objects(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await upload(client, {"blobs": [{"property": "image_url", "data": "data:text/plain,12345"}]})
    bucket = await ok(client, "GET", "/v1/buckets/products_unified")
    assert (bucket["object_count"], bucket["total_size_bytes"]) == (1, 5)


async def test_a_bucket_is_changed_and_deleted(client: httpx.AsyncClient) -> None:
    await set_up(client)
    patch = {"description": "d", "bucket_schema": {"properties": {"size": {"type": "number"}}}}
    bucket = await ok(client, "PATCH", "/v1/buckets/products_unified", patch)
    assert bucket["description"] == "d"
    assert set(bucket["bucket_schema"]["properties"]) == {"product_label", "image_url", "size"}
    assert (await ok(client, "DELETE", "/v1/buckets/products_unified"))["bucket_id"] == bucket["bucket_id"]
    await refused(client, 404, "GET", "/v1/buckets/products_unified")


SEARCH: dict[str, Any] = {"searches": []}


@pytest.mark.parametrize(
    "stage",
    [
        {"stage_name": "s", "stage_type": "filter", "config": {"stage_id": "feature_search", "parameters": SEARCH}},
        {"stage_id": "feature_search", "stage_type": "filter", "parameters": SEARCH},
        {"stage_type": "feature_search", "parameters": SEARCH},
        {"config": {"stage_id": "feature_search", "parameters": SEARCH}},
        {"type": "feature_search", "searches": []},
    ],
)
async def test_every_spelling_of_a_stage_is_answered_in_one(client: httpx.AsyncClient, stage: dict[str, Any]) -> None:
    created = await ok(client, "POST", "/v1/retrievers", {"retriever_name": "r", "stages": [stage]})
    [answered] = created["stages"]
    assert answered["config"] == {"stage_id": "feature_search", "parameters": SEARCH}
    assert (answered["stage_type"], answered["parameters"]) == ("filter", SEARCH)


async def test_a_retriever_is_changed_in_a_new_version(client: httpx.AsyncClient) -> None:
    await set_up(client)
    path = "/v1/retrievers/products_unified_classifier"
    changed = (await ok(client, "PATCH", path, {"stages": RETRIEVER["stages"][:1]}))["retriever"]
    assert (changed["version"], len(changed["stages"])) == (2, 1)
    renamed = (await ok(client, "PATCH", path, {"description": "d"}))["retriever"]
    assert (renamed["version"], renamed["description"]) == (2, "d")
    assert (await ok(client, "DELETE", path))["success"] is True
    await refused(client, 404, "GET", path)


async def test_a_retriever_says_which_features_it_needs(client: httpx.AsyncClient) -> None:
    created = await ok(client, "POST", "/v1/retrievers", RETRIEVER)
    [address] = created["feature_dependencies"]
    assert (address["extractor"], address["version"], address["output"]) == (
        "image_extractor",
        "v1",
        "google_siglip_base_v1",
    )


@pytest.mark.parametrize(
    "body",
    [
        {"input_schema": {"query_image": {"type": "image"}}},
        {"input_schema": {"properties": {"query_image": {"type": "image"}}}},
    ],
)
async def test_both_forms_of_an_input_schema(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    created = await ok(client, "POST", "/v1/retrievers", RETRIEVER | body)
    assert created["input_schema"] == {"query_image": {"type": "image"}}


async def test_executing_a_retriever_answers_its_documents_with_scores(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    ids = []
    for label in ("a", "b"):
        ids.append(await stack.process((await upload(client))["object_id"], fields={"product_label": label}))
    ranked = [(ids[1], 0.9), (ids[0], 0.4), ("doc_gone", 0.1)]
    stack.surroundings.taxonomy.ranked = [
        taxonomy_pb2.RankedDocument(document_id=document_id, score=score) for document_id, score in ranked
    ]
    path = "/v1/retrievers/ret_products_unified_classifier/execute"
    inputs = {"query_image": "https://h/x.jpg"}
    execution = await ok(client, "POST", path, {"inputs": inputs, "settings": {"limit": 2}})
    assert [(item["product_label"], item["score"]) for item in execution["documents"]] == [("b", 0.9), ("a", 0.4)]
    pages = execution["pagination"]
    assert pages.pop("cursor") == pages.pop("next_cursor")
    assert pages == {
        "method": "offset",
        "page_number": 1,
        "page_size": 2,
        "returned": 2,
        "total": 3,
        "has_next": True,
    }
    assert execution["stage_statistics"]["stages"]["only"]["efficiency"] == 0.75
    [request] = stack.surroundings.taxonomy.executed
    assert (request.namespace_id, request.inputs_json) == (stack.namespace_id, '{"query_image":"https://h/x.jpg"}')


async def test_a_retriever_is_executed_without_a_body_and_ad_hoc(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    path = "/v1/retrievers/products_unified_classifier/execute"
    response = await client.post(path, content=b"", headers={"content-type": "application/json"})
    assert response.json()["documents"] == []
    adhoc = {"collection_identifiers": ["products_unified"], "stages": RETRIEVER["stages"]}
    assert (await ok(client, "POST", "/v1/retrievers/execute", adhoc))["status"] == "completed"
    request = stack.surroundings.taxonomy.executed[-1]
    assert (list(request.collection_identifiers), request.retriever_id) == (["products_unified"], "")


async def test_a_collection_names_the_stand_in_that_serves_its_slot(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    [index] = collection["vector_indexes"]
    assert index["index"]["inference_name"] == "efficientnet_lite2"
    assert index["feature_uri"] == "mixpeek://image_extractor@v1/google_siglip_base_v1"
    assert "efficientnet_lite2" in collection["warnings"][0]


async def test_the_preferred_model_is_pinned_and_stays(client: httpx.AsyncClient, stack: Stack) -> None:
    stack.surroundings.extractor.models.insert(0, NAMED)
    collection = await set_up(client)
    assert collection["vector_indexes"][0]["index"]["inference_name"] == "google_siglip_base_v1"
    assert collection["warnings"] == []
    stack.surroundings.reset()
    later = await ok(client, "GET", "/v1/collections/products_unified")
    assert later["vector_indexes"] == collection["vector_indexes"]


async def test_strict_models_refuses_a_stand_in(stack: Stack) -> None:
    async with stack.with_settings(strict_models=True).client() as strict:
        await ok(strict, "POST", "/v1/buckets", BUCKET)
        await ok(strict, "POST", "/v1/retrievers", RETRIEVER)
        error = await refused(strict, 422, "POST", "/v1/collections", COLLECTION)
    assert error["code"] == "MODEL_NOT_SERVED"


async def test_an_extractor_that_is_not_served_is_refused_with_those_that_are(client: httpx.AsyncClient) -> None:
    await set_up(client)
    body = COLLECTION | {"collection_name": "faces", "feature_extractor": EXTRACTOR | {"version": "v9"}}
    error = await refused(client, 422, "POST", "/v1/collections", body)
    assert "image_extractor@v9" in error["message"]
    assert "image_extractor@v1" in error["message"]


@pytest.mark.parametrize(
    "change",
    [
        {"source": {"type": "bucket", "bucket_id": "products_unified"}},
        {"feature_extractor": None, "feature_extractors": [EXTRACTOR]},
        {"feature_extractor": EXTRACTOR | {"field_passthrough": [{"source_path": "product_label"}]}},
        {"feature_extractor": EXTRACTOR | {"input_mappings": [{"input_key": "image", "path": "payload.image_url"}]}},
        {"feature_extractor": EXTRACTOR | {"input_mappings": {"image": "$.payload.image_url"}}},
    ],
)
async def test_every_dialect_of_a_collection_is_answered_in_one(
    client: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    first = await set_up(client)
    second = await ok(client, "POST", "/v1/collections", COLLECTION | {"collection_name": "other"} | change)
    assert second["source"] == first["source"]
    assert second["feature_extractor"] == first["feature_extractor"]


async def test_features_name_an_extractor_too(client: httpx.AsyncClient) -> None:
    await ok(client, "POST", "/v1/buckets", BUCKET)
    features = ["mixpeek://image_extractor@v1/google_siglip_base_v1"]
    body = {"name": "short", "source": {"type": "bucket", "bucket_ids": ["products_unified"]}, "features": features}
    collection = await ok(client, "POST", "/v1/collections", body)
    assert collection["feature_extractor"]["feature_extractor_id"] == "image_extractor_v1"


async def test_a_taxonomy_without_a_retriever_gets_one_of_its_own(client: httpx.AsyncClient) -> None:
    await ok(client, "POST", "/v1/buckets", BUCKET)
    taxonomy = {"field_to_enrich": "product_label", "confidence_threshold": 0.35, "reference_labels": "human"}
    collection = await ok(client, "POST", "/v1/collections", COLLECTION | {"taxonomy": taxonomy})
    assert collection["taxonomy"]["reference_labels"] == "human"
    retriever = await ok(client, "GET", f"/v1/retrievers/{collection['taxonomy']['retriever_id']}")
    assert retriever["collection_ids"] == [collection["collection_id"]]
    assert [stage["config"]["stage_id"] for stage in retriever["stages"]] == ["attribute_filter", "feature_search"]
    await ok(client, "DELETE", "/v1/collections/products_unified")
    await refused(client, 404, "GET", f"/v1/retrievers/{retriever['retriever_id']}")


async def test_unknown_buckets_and_retrievers_of_a_collection_are_404(client: httpx.AsyncClient) -> None:
    error = await refused(client, 404, "POST", "/v1/collections", COLLECTION)
    assert error["details"] == {"resource": "bucket", "id": "bkt_products_unified"}
    await ok(client, "POST", "/v1/buckets", BUCKET)
    error = await refused(client, 404, "POST", "/v1/collections", COLLECTION)
    assert error["details"] == {"resource": "retriever", "id": "ret_products_unified_classifier"}


async def test_a_changed_threshold_makes_a_new_taxonomy_version(client: httpx.AsyncClient) -> None:
    await set_up(client)
    patch = {"taxonomy": {"confidence_threshold": 0.6}, "metadata": {"a": 1}}
    collection = await ok(client, "PATCH", "/v1/collections/col_products_unified", patch)
    assert (collection["taxonomy"]["confidence_threshold"], collection["taxonomy"]["version"]) == (0.6, 2)
    assert collection["metadata"] == {"a": 1}


async def test_a_deleted_collection_leaves_its_objects(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    created = await upload(client)
    document_id = await stack.process(created["object_id"])
    await ok(client, "DELETE", "/v1/collections/products_unified")
    await refused(client, 404, "GET", f"/v1/documents/{document_id}")
    assert (await ok(client, "GET", f"{OBJECTS}/{created['object_id']}"))["document_count"] == 0


async def test_namespaces_are_made_found_and_listed(client: httpx.AsyncClient, stack: Stack) -> None:
    made = await ok(client, "POST", "/v1/namespaces", {"namespace_name": f"team_{stack.namespace_id}"})
    assert made["namespace_ready"] is True
    assert await ok(client, "GET", f"/v1/namespaces/{made['namespace_name']}") == made
    listed = await ok(client, "POST", "/v1/namespaces/list", {"search": stack.namespace_id})
    assert made in listed["results"]
    await refused(client, 409, "POST", "/v1/namespaces", {"namespace_name": made["namespace_name"]})


async def test_without_a_namespace_the_default_one_is_meant(stack: Stack) -> None:
    async with stack.bare_client({"Authorization": f"Bearer {stack.key}"}) as plain:
        bucket = await ok(plain, "POST", "/v1/buckets", {"bucket_name": f"plain_{stack.namespace_id}"})
    async with stack.client("default") as named:
        assert await ok(named, "GET", f"/v1/buckets/{bucket['bucket_id']}") == bucket


@pytest.mark.parametrize("kind", ["buckets", "retrievers", "collections"])
async def test_an_unknown_namespace_is_an_empty_list_and_404_elsewhere(stack: Stack, kind: str) -> None:
    async with stack.client("no_such_namespace") as lost:
        response = await lost.post(f"/v1/{kind}/list")
        assert response.json()["results"] == []
        assert response.headers["X-Namespace-Unresolved"] == "true"
        assert response.json()["warnings"][0]["resource"] == "namespace"
        error = await refused(lost, 404, "GET", f"/v1/{kind}/any")
    assert error["details"] == {"resource": "namespace", "id": "no_such_namespace"}
