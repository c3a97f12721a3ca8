"""Names in requests are bound to ids: answers tell which, and a rename changes none of them."""

from typing import Any

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import ok, set_up
from tests.support.tutorial.option_a import COLLECTION, RETRIEVER

pytestmark = pytest.mark.asyncio(loop_scope="session")
Json = dict[str, Any]
CHANNELS = {"channels": [{"channel_type": "webhook", "config": {"url": "https://example.com/hook"}}]}
CLASSIFIER = "/v1/retrievers/ret_products_unified_classifier"


async def searched(client: httpx.AsyncClient, retriever: str = CLASSIFIER) -> list[str]:
    found: list[str] = (await ok(client, "GET", retriever))["collection_ids"]
    return found


async def rename(client: httpx.AsyncClient, collection_id: str, name: str) -> None:
    await ok(client, "PATCH", f"/v1/collections/{collection_id}", {"collection_name": name})


async def test_a_rename_changes_nothing_for_the_retriever(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    await rename(client, collection["collection_id"], "goods")
    await ok(client, "POST", "/v1/collections", {**COLLECTION, "taxonomy": None})
    assert await searched(client) == [collection["collection_id"]]
    listed = (await ok(client, "GET", "/v1/retrievers"))["results"]
    assert [each["collection_ids"] for each in listed] == [[collection["collection_id"]]]
    taxonomy = await ok(client, "GET", f"/v1/taxonomies/{collection['taxonomy']['taxonomy_id']}")
    assert taxonomy["config"]["source_collection"]["collection_id"] == collection["collection_id"]


async def test_what_is_sent_back_unchanged_means_what_it_meant(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    await rename(client, collection["collection_id"], "goods")
    shown = await ok(client, "GET", CLASSIFIER)
    body = {key: shown[key] for key in ("collection_identifiers", "stages")}
    await ok(client, "PUT", CLASSIFIER, body)
    assert await searched(client) == [collection["collection_id"]]


async def test_a_clone_searches_what_its_original_does(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    await rename(client, collection["collection_id"], "goods")
    await ok(client, "POST", f"{CLASSIFIER}/clone", {"retriever_name": "twin"})
    assert await searched(client, "/v1/retrievers/twin") == [collection["collection_id"]]


async def test_what_is_deleted_is_followed_by_another_only_when_it_is_named_anew(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    await ok(client, "DELETE", f"/v1/collections/{collection['collection_id']}")
    again = await ok(client, "POST", "/v1/collections", {**COLLECTION, "taxonomy": None})
    assert await searched(client) == []
    await ok(client, "PATCH", CLASSIFIER, {"stages": RETRIEVER["stages"]})
    await ok(client, "PATCH", CLASSIFIER, {"description": "the same"})
    assert await searched(client) == []
    await ok(client, "PATCH", CLASSIFIER, {"collection_identifiers": ["products_unified"]})
    assert await searched(client) == [again["collection_id"]]


async def test_a_name_waits_for_the_collection_that_gets_it_by_renaming(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    await ok(
        client, "POST", "/v1/retrievers", {**RETRIEVER, "retriever_name": "r2", "collection_identifiers": ["soon"]}
    )
    assert await searched(client, "/v1/retrievers/r2") == []
    await rename(client, collection["collection_id"], "soon")
    await rename(client, collection["collection_id"], "later")
    assert await searched(client, "/v1/retrievers/r2") == [collection["collection_id"]]


async def test_clusters_that_a_collection_names_become_ids_when_there_are_any(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    path = f"/v1/collections/{collection['collection_id']}"
    changed = await ok(client, "PATCH", path, {"cluster_applications": [{"cluster_id": "clust_soon"}]})
    assert changed["cluster_applications"][0]["cluster_id"] == "clust_soon"
    form = {"collection_ids": [collection["collection_id"]], "cluster_name": "soon", "cluster_type": "vector"}
    feature = collection["vector_indexes"][0]["feature_uri"]
    cluster = await ok(
        client,
        "POST",
        "/v1/clusters",
        {**form, "vector_config": {"feature_uris": [feature], "clustering_method": "kmeans"}},
    )
    assert (await ok(client, "GET", path))["cluster_applications"][0]["cluster_id"] == cluster["cluster_id"]
    again = await ok(client, "PATCH", path, {"cluster_applications": [{"cluster_id": "soon"}]})
    assert again["cluster_applications"][0]["cluster_id"] == cluster["cluster_id"]


async def test_a_system_alert_watches_by_id(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    condition = {"type": "collection_empty", "params": {"collection_ids": ["col_products_unified"]}}
    form = {"name": "empty", "source": "system", "system_condition": condition, "notification_config": CHANNELS}
    made = await ok(client, "POST", "/v1/alerts", form)
    assert made["system_condition"]["params"]["collection_ids"] == [collection["collection_id"]]


async def test_a_trigger_keeps_its_sources_by_id(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    action = {"collection_id": "products_unified", "include_buckets": ["bkt_products_unified"]}
    form = {
        "action_type": "collection_trigger",
        "action_config": action,
        "trigger_type": "interval",
        "schedule_config": {"interval_seconds": 3600},
    }
    made = await ok(client, "POST", "/v1/triggers", form)
    assert made["action_config"]["include_buckets"] == collection["source"]["bucket_ids"]


async def test_a_scope_is_for_the_namespace_that_it_named(stack: Stack, client: httpx.AsyncClient) -> None:
    pool, old = stack.gateway.pool, f"{stack.namespace_id}_name"
    scopes = [{"resource_type": "namespace", "resource_id": each, "operations": None} for each in (old, f"{old}_later")]
    await pool.execute("UPDATE api_keys SET scopes = $1 WHERE name = 'test'", scopes)
    await pool.execute(
        "UPDATE namespaces SET namespace_name = $2 WHERE namespace_id = $1", stack.namespace_id, f"{old}_2"
    )
    await pool.execute("INSERT INTO namespaces (namespace_id, namespace_name) VALUES ($1, $2)", f"{old}_id", old)
    await pool.execute(
        "INSERT INTO namespaces (namespace_id, namespace_name) VALUES ($1, $2)", f"{old}_later_id", f"{old}_later"
    )
    stack.gateway.keys.forget()
    assert (await client.get("/v1/buckets")).status_code == 200
    assert (await client.get("/v1/buckets", headers={"X-Namespace": old})).status_code == 403
    assert (await client.get("/v1/buckets", headers={"X-Namespace": f"{old}_later_id"})).status_code == 200
