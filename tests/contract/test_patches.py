"""Every field of a patch takes effect, or is refused: nothing is taken and left at that."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import OBJECTS, ok, refused, set_up, upload
from tests.support.tutorial.option_a import RETRIEVER

pytestmark = pytest.mark.asyncio(loop_scope="session")

BUCKET, COLLECTION = "/v1/buckets/products_unified", "/v1/collections/products_unified"
RETRIEVER_PATH = f"/v1/retrievers/{RETRIEVER['retriever_name']}"
CLUSTER = {
    "cluster_name": "groups",
    "collection_ids": ["products_unified"],
    "vector_config": {"clustering_method": "hdbscan"},
}
FLAT: dict[str, Any] = {
    "taxonomy_name": "kinds",
    "description": "first",
    "config": {
        "taxonomy_type": "flat",
        "retriever_id": RETRIEVER["retriever_name"],
        "source_collection": {"collection_id": "products_unified"},
    },
}


def holds(found: Any, given: Any) -> bool:
    """Whether what was given is in what is there."""
    if isinstance(given, dict) and isinstance(found, dict):
        return all(name in found and holds(found[name], value) for name, value in given.items())
    if isinstance(given, list) and isinstance(found, list):
        return len(given) == len(found) and all(map(holds, found, given))
    return bool(found == given)


PATCHES: list[tuple[str, dict[str, Any]]] = [
    (BUCKET, {"description": "x"}),
    (BUCKET, {"metadata": {"a": 1}}),
    (BUCKET, {"bucket_schema": {"properties": {"added": {"type": "text"}}}}),
    (BUCKET, {"unique_key": {"fields": ["sku"], "default_policy": "insert"}}),
    (BUCKET, {"storage_class": "coldline"}),
    (BUCKET, {"bucket_name": "renamed"}),
    (COLLECTION, {"description": "x"}),
    (COLLECTION, {"metadata": {"a": 1}}),
    (COLLECTION, {"enabled": False}),
    (COLLECTION, {"schedule": {"trigger_type": "interval", "schedule_config": {"interval_seconds": 3600}}}),
    (COLLECTION, {"taxonomy": {"confidence_threshold": 0.7}}),
    (COLLECTION, {"taxonomy": {"reference_labels": "human"}}),
    (COLLECTION, {"taxonomy": {"field_to_enrich": "other_label"}}),
    (COLLECTION, {"collection_name": "renamed"}),
    (RETRIEVER_PATH, {"description": "x"}),
    (RETRIEVER_PATH, {"metadata": {"a": 1}}),
    (RETRIEVER_PATH, {"tags": ["a"]}),
    (RETRIEVER_PATH, {"display_config": {"a": 1}}),
    (RETRIEVER_PATH, {"budget_limits": {"max_time_ms": 5}}),
    (RETRIEVER_PATH, {"collection_identifiers": []}),
    (RETRIEVER_PATH, {"retriever_name": "renamed"}),
]


@pytest.mark.parametrize(("path", "patch"), PATCHES, ids=[f"{path[4:]}-{next(iter(patch))}" for path, patch in PATCHES])
async def test_what_is_patched_is_what_is_read(client: httpx.AsyncClient, path: str, patch: dict[str, Any]) -> None:
    await set_up(client)
    kind = path.split("/")[2].removesuffix("s")
    before = await ok(client, "GET", path)
    assert not holds(before, patch)
    await ok(client, "PATCH", path, patch)
    assert holds(await ok(client, "GET", f"/v1/{kind}s/{before[f'{kind}_id']}"), patch)


MADE: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
    (
        "taxonomy",
        FLAT,
        [{"description": "x"}, {"metadata": {"a": 1}}, {"taxonomy_name": "renamed"}, {"description": None}],
    ),
    (
        "cluster",
        CLUSTER,
        [
            {"description": "x"},
            {"metadata": {"a": 1}},
            {"cluster_name": "renamed"},
            {"sample_size": 50},
            {"algorithm_params": {"min_cluster_size": 7}},
            {"filters": {"AND": [{"field": "colour", "operator": "eq", "value": "red"}]}},
            {"description": None},
            {"filters": None},
        ],
    ),
    (
        "namespace",
        {"namespace_name": "patched_space"},
        [
            {"description": "x"},
            {"payload_indexes": [{"field_name": "colour", "type": "keyword"}]},
            {"auto_create_indexes": True},
            {"adaptive_indexing": True},
            {"expires_at": "2099-01-01T00:00:00Z"},
            {"namespace_name": "renamed_space"},
            {"description": None},
            {"expires_at": None},
        ],
    ),
]


@pytest.mark.parametrize(("kind", "form", "patches"), MADE, ids=[each[0] for each in MADE])
async def test_each_patch_holds_beside_those_before(
    client: httpx.AsyncClient, kind: str, form: dict[str, Any], patches: list[dict[str, Any]]
) -> None:
    await set_up(client)
    plural = "taxonomies" if kind == "taxonomy" else f"{kind}s"
    name = f"{kind}_name"
    unique = {name: f"{form[name]}_{uuid4().hex[:8]}"}
    path = f"/v1/{plural}/{(await ok(client, 'POST', f'/v1/{plural}', form | unique))[f'{kind}_id']}"
    for patch in patches:
        given = {name: f"{patch[name]}_{uuid4().hex[:8]}"} if name in patch else patch
        assert not holds(await ok(client, "GET", path), given)
        await ok(client, "PATCH", path, given)
        assert holds(await ok(client, "GET", path), given)


@pytest.mark.parametrize("path", [BUCKET, COLLECTION, RETRIEVER_PATH])
async def test_null_takes_a_description_away(client: httpx.AsyncClient, path: str) -> None:
    await set_up(client)
    await ok(client, "PATCH", path, {"description": "x"})
    await ok(client, "PATCH", path, {"metadata": {"a": 1}})
    assert (await ok(client, "GET", path))["description"] == "x"
    await ok(client, "PATCH", path, {"description": None})
    assert (await ok(client, "GET", path))["description"] is None


async def test_null_takes_a_retrievers_input_schema_away(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await ok(client, "PATCH", RETRIEVER_PATH, {"input_schema": {"query": {"type": "text"}}})
    assert (await ok(client, "GET", RETRIEVER_PATH))["input_schema"]
    await ok(client, "PATCH", RETRIEVER_PATH, {"input_schema": None})
    assert not (await ok(client, "GET", RETRIEVER_PATH))["input_schema"]


async def test_a_setting_that_nothing_runs_says_so(client: httpx.AsyncClient) -> None:
    await set_up(client)
    transform = {"retriever_transform": {"retriever_id": RETRIEVER["retriever_name"]}}
    assert any("retriever_transform" in each for each in (await ok(client, "PATCH", COLLECTION, transform))["warnings"])
    bare = await ok(client, "PATCH", COLLECTION, {"retriever_transform": None})
    assert not any("retriever_transform" in each for each in bare["warnings"])


async def test_another_unique_key_holds_for_what_is_there(client: httpx.AsyncClient) -> None:
    await set_up(client)
    blob = [{"property": "image_url", "type": "image", "data": "https://h/x.jpg"}]
    first = await upload(client, {"sku": "a", "ean": 1, "blobs": blob})
    await upload(client, {"sku": "b", "ean": 2, "blobs": blob})
    await ok(client, "PATCH", BUCKET, {"unique_key": {"fields": ["sku"]}})
    assert (await upload(client, {"sku": "a", "ean": 3, "blobs": blob}))["object_id"] == first["object_id"]
    await ok(client, "PATCH", BUCKET, {"unique_key": {"fields": ["ean"]}})
    assert (await upload(client, {"sku": "z", "ean": 3, "blobs": blob}))["object_id"] == first["object_id"]
    await ok(client, "PATCH", BUCKET, {"unique_key": None})
    assert (await ok(client, "GET", BUCKET))["unique_key"] is None
    assert (await upload(client, {"ean": 3, "blobs": blob}))["object_id"] != first["object_id"]


@pytest.mark.parametrize(("second", "why"), [({"sku": "a"}, "would be the same"), ({"ean": 2}, "'sku'")])
async def test_a_unique_key_that_objects_cannot_have_names_them(
    client: httpx.AsyncClient, stack: Stack, second: dict[str, Any], why: str
) -> None:
    await set_up(client)
    await upload(client, {"sku": "a"})
    other = await upload(client, second)
    error = await refused(client, 422, "PATCH", BUCKET, {"unique_key": {"fields": ["sku"]}})
    assert (error["details"]["path"], error["details"]["id"]) == ("body.unique_key", other["object_id"])
    assert why in error["message"]
    assert (await ok(client, "GET", BUCKET))["unique_key"] is None
    assert len((await ok(client, "GET", OBJECTS))["results"]) == 2


async def test_nothing_said_of_the_organization_changes_nothing(client: httpx.AsyncClient) -> None:
    before = await ok(client, "GET", "/v1/organizations")
    assert await ok(client, "PATCH", "/v1/organizations", {}) == before
    assert await ok(client, "PATCH", "/v1/organizations", {"organization_name": before["organization_name"]}) == before


@pytest.mark.parametrize("label", [None, "", "  "])
async def test_a_node_may_leave_its_label_to_its_documents(client: httpx.AsyncClient, label: str | None) -> None:
    await set_up(client)
    nodes = [{"collection_id": "products_unified", "label": label}]
    config = {"taxonomy_type": "hierarchical", "hierarchical_nodes": nodes, "retriever_id": RETRIEVER["retriever_name"]}
    made = await client.post("/v1/taxonomies", json={"taxonomy_name": f"labels {uuid4().hex}", "config": config})
    assert made.status_code in (200, 422), made.text
