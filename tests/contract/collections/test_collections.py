"""Collections: sources, extractors, settings, taxonomies changed, clones, deletion."""

from typing import Any

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import ok, refused, set_up, upload
from tests.support.tutorial.option_a import BUCKET, COLLECTION

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = "/v1/collections/products_unified"
EXTRACTOR = COLLECTION["feature_extractor"]
PASSTHROUGH = {"feature_extractor_name": "passthrough_extractor", "version": "v1", "field_passthrough": ["sku"]}
OTHER: dict[str, Any] = {"collection_name": "other", "source": {"type": "bucket", "bucket_ids": ["products_unified"]}}
MAPPING = [{"input_key": "query", "source": {"source_type": "document_field", "path": "x", "value": None}}]


async def _refused(client: httpx.AsyncClient, change: dict[str, Any]) -> dict[str, Any]:
    await set_up(client)
    body = COLLECTION | {"collection_name": "other"} | change
    return await refused(client, 422, "POST", "/v1/collections", body)


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"enable_thumbnails": "perhaps"}, "enable_thumbnails"),
        ({"extractor_type": "text_extractor"}, "extractor_type"),
    ],
)
@pytest.mark.parametrize("key", ["parameters", "params"])
async def test_a_wrong_parameter_of_the_extractor_is_named(
    client: httpx.AsyncClient, parameters: dict[str, Any], name: str, key: str
) -> None:
    error = await _refused(client, {"feature_extractor": EXTRACTOR | {key: parameters}})
    assert error["details"]["path"] == f"body.feature_extractor.parameters.{name}"


async def test_parameters_are_stored_as_given(client: httpx.AsyncClient) -> None:
    await set_up(client)
    extractor = EXTRACTOR | {"parameters": {"use_cdn": True}}
    made = await ok(client, "POST", "/v1/collections", OTHER | {"feature_extractor": extractor})
    assert made["feature_extractor"]["parameters"] == {"extractor_type": "image_extractor", "use_cdn": True}


async def test_an_input_that_the_extractor_does_not_read_is_named(client: httpx.AsyncClient) -> None:
    error = await _refused(client, {"feature_extractor": EXTRACTOR | {"input_mappings": {"picture": "image_url"}}})
    assert error["details"]["path"] == "body.feature_extractor.input_mappings.picture"
    assert "image" in error["message"]


async def test_a_collection_without_vectors(stack: Stack, client: httpx.AsyncClient) -> None:
    await set_up(client)
    made = await ok(client, "POST", "/v1/collections", OTHER | {"feature_extractor": PASSTHROUGH})
    assert (made["vector_indexes"], made["warnings"]) == ([], [])
    assert set(made["output_schema"]["properties"]) == {"sku"}
    assert (await ok(client, "GET", "/v1/collections/other/features"))["features"] == []
    taxonomy = {"field_to_enrich": "sku"}
    body = OTHER | {"collection_name": "third", "feature_extractor": PASSTHROUGH, "taxonomy": taxonomy}
    error = await refused(client, 422, "POST", "/v1/collections", body)
    assert error["details"]["path"] == "body.taxonomy.retriever_id"


async def test_a_collection_of_collections(client: httpx.AsyncClient) -> None:
    first = await set_up(client)
    filters = {"AND": [{"field": "product_label", "operator": "exists", "value": True}]}
    source = {"type": "collection", "collection_ids": ["col_products_unified"], "source_filters": {"filters": filters}}
    made = await ok(client, "POST", "/v1/collections", OTHER | {"source": source, "feature_extractor": PASSTHROUGH})
    assert made["source"]["collection_ids"] == [first["collection_id"]]
    assert made["source"]["inherited_bucket_ids"] == first["source"]["bucket_ids"]
    assert made["source"]["source_filters"] == {"filters": filters}
    assert set(made["input_schema"]["properties"]) == {
        *("product_label", "image_extractor_v1_embedding"),
        *("processing_time_ms", "page_number", "total_pages"),
    }
    found = await ok(client, "POST", "/v1/collections/list", {"filters": {"source.type": "collection"}})
    assert [each["collection_name"] for each in found["results"]] == ["other"]
    await ok(client, "DELETE", PATH)
    orphan = await ok(client, "GET", "/v1/collections/other")
    assert (orphan["enabled"], orphan["disabled_reason"]["code"]) == (False, "source_collection_deleted")
    assert (await ok(client, "PATCH", "/v1/collections/other", {"enabled": True}))["disabled_reason"] is None


@pytest.mark.parametrize(
    ("source", "status", "path"),
    [
        ({"type": "bucket"}, 422, "body.source.bucket_ids"),
        ({"type": "collection"}, 422, "body.source.collection_ids"),
        ({"type": "collection", "collection_ids": ["nobody"]}, 404, None),
        ({"type": "signals"}, 422, "body.source.type"),
        ({"type": "bucket", "bucket_ids": "products_unified"}, 422, "body.source.bucket_ids"),
        (OTHER["source"] | {"source_filters": {"AND": 3}}, 422, "body.source.source_filters"),
    ],
)
async def test_a_source_that_cannot_be_is_named(
    client: httpx.AsyncClient, source: dict[str, Any], status: int, path: str | None
) -> None:
    await set_up(client)
    error = await refused(client, status, "POST", "/v1/collections", COLLECTION | {"source": source})
    assert path is None or error["details"]["path"].startswith(path)


async def made_alert(client: httpx.AsyncClient, name: str = "watched", **source: Any) -> str:
    """The id of a new alert."""
    config = {"channels": [{"channel_type": "slack", "config": {"webhook_url": "https://example.com/hook"}}]}
    watched = source or {"retriever_id": COLLECTION["taxonomy"]["retriever_id"]}
    made = await ok(client, "POST", "/v1/alerts", {"name": name, "notification_config": config, **watched})
    return str(made["alert_id"])


async def test_an_alert_that_is_applied_must_be_there_and_is_taken_off_when_it_is_deleted(
    client: httpx.AsyncClient,
) -> None:
    await set_up(client)
    await made_alert(client, "system", source="system", system_condition={"type": "batch_failed"})
    alert_id = await made_alert(client)
    body: dict[str, Any] = OTHER | {"feature_extractor": EXTRACTOR}
    for identifier, status in (("alt_nothing", 404), ("system", 422)):
        wrong = {"alert_applications": [{"alert_id": identifier, "input_mappings": MAPPING}]}
        error = await refused(client, status, "POST", "/v1/collections", body | wrong)
        assert error["details"]["path"] == "body.alert_applications.0.alert_id"
        assert (await client.get("/v1/collections/other")).status_code == 404
    right = {"alert_applications": [{"alert_id": "watched", "input_mappings": MAPPING}]}
    made = await ok(client, "POST", "/v1/collections", body | right)
    assert made["alert_applications"][0]["alert_id"] == alert_id
    await refused(client, 422, "PATCH", "/v1/collections/other", wrong)
    await ok(client, "DELETE", f"/v1/alerts/{alert_id}")
    assert (await ok(client, "GET", "/v1/collections/other"))["alert_applications"] == []


async def test_what_is_attached_to_a_collection_is_shown_and_taken_away(client: httpx.AsyncClient) -> None:
    await set_up(client)
    schedule = {"trigger_type": "cron", "schedule_config": {"cron_expression": "0 3 * * *"}, "description": None}
    alert_id = await made_alert(client)
    alert = {"alert_id": "watched", "input_mappings": MAPPING}
    body: dict[str, Any] = OTHER | {
        "feature_extractor": EXTRACTOR,
        "schedule": schedule,
        "cluster_applications": [{"cluster_id": "clust_1"}],
        "alert_applications": [alert],
        "embedding_task": "clustering",
        "enabled": False,
    }
    made = await ok(client, "POST", "/v1/collections", body)
    assert (made["schedule"], made["embedding_task"], made["enabled"]) == (schedule, "clustering", False)
    assert made["cluster_applications"][0]["cooldown_seconds"] == 3600
    defaults = {"execution_mode": "on_ingest", "execution_phase": 3, "priority": 0}
    assert made["alert_applications"] == [alert | defaults | {"alert_id": alert_id}]
    changed = await ok(client, "PATCH", "/v1/collections/other", {"schedule": None, "alert_applications": []})
    assert (changed["schedule"], changed["alert_applications"]) == (None, [])
    assert changed["cluster_applications"] == made["cluster_applications"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"schedule": {"trigger_type": "whenever", "schedule_config": {}}}, "body.schedule.trigger_type"),
        ({"alert_applications": [{"alert_id": "a", "input_mappings": []}]}, "body.alert_applications.0.input_mappings"),
        ({"cluster_applications": [{}]}, "body.cluster_applications.0.cluster_id"),
        ({"embedding_task": "guessing"}, "body.embedding_task"),
        ({"collection_name": "ab"}, "body.collection_name"),
    ],
)
async def test_what_a_collection_cannot_have_is_named(
    client: httpx.AsyncClient, change: dict[str, Any], path: str
) -> None:
    assert (await _refused(client, change))["details"]["path"] == path


async def test_the_taxonomy_is_added_changed_and_taken_away(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await ok(client, "POST", "/v1/collections", OTHER | {"feature_extractor": EXTRACTOR})
    path = "/v1/collections/other"
    error = await refused(client, 422, "PATCH", path, {"taxonomy": {"confidence_threshold": 0.5}})
    assert error["details"]["path"] == "body.taxonomy.field_to_enrich"
    added = await ok(client, "PATCH", path, {"taxonomy": {"field_to_enrich": "product_label"}})
    assert (added["taxonomy"]["confidence_threshold"], added["taxonomy"]["version"]) == (0.3, 1)
    changed = await ok(client, "PATCH", path, {"taxonomy": {"confidence_threshold": 0.7}})
    assert (changed["taxonomy"]["confidence_threshold"], changed["taxonomy"]["version"]) == (0.7, 2)
    retriever = f"/v1/retrievers/{changed['taxonomy']['retriever_id']}"
    await ok(client, "GET", retriever)
    assert (await ok(client, "PATCH", path, {"taxonomy": None}))["taxonomy"] is None
    await refused(client, 404, "GET", retriever)


@pytest.mark.parametrize("change", [{"source": OTHER["source"]}, {"feature_extractor": EXTRACTOR}])
async def test_what_cannot_be_changed_is_refused_not_ignored(client: httpx.AsyncClient, change: dict[str, Any]) -> None:
    await set_up(client)
    await refused(client, 422, "PATCH", PATH, change)


async def test_a_clone_is_like_the_original_but_for_what_is_given(client: httpx.AsyncClient) -> None:
    original = await set_up(client)
    body = {"collection_name": "copy", "metadata": {"of": "products"}}
    answer = await ok(client, "POST", f"{PATH}/clone", body)
    assert answer["source_collection_id"] == original["collection_id"]
    copy = answer["collection"]
    for same in ("source", "feature_extractor", "vector_indexes", "input_schema"):
        assert copy[same] == original[same]
    assert (copy["collection_name"], copy["metadata"], copy["document_count"]) == ("copy", {"of": "products"}, 0)
    assert copy["taxonomy"]["retriever_id"] == original["taxonomy"]["retriever_id"]
    assert copy["taxonomy"]["taxonomy_id"] != original["taxonomy"]["taxonomy_id"]
    await refused(client, 409, "POST", f"{PATH}/clone", {"collection_name": "copy"})


async def test_a_clone_gets_a_retriever_of_its_own(client: httpx.AsyncClient) -> None:
    await ok(client, "POST", "/v1/buckets", BUCKET)
    taxonomy = {"field_to_enrich": "product_label", "confidence_threshold": 0.4}
    original = await ok(client, "POST", "/v1/collections", COLLECTION | {"taxonomy": taxonomy})
    copy = (await ok(client, "POST", f"{PATH}/clone", {"collection_name": "copy"}))["collection"]
    assert copy["taxonomy"]["confidence_threshold"] == 0.4
    assert copy["taxonomy"]["retriever_id"] != original["taxonomy"]["retriever_id"]


async def test_features_say_what_a_search_can_compare(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    [feature] = (await ok(client, "GET", f"{PATH}/features"))["features"]
    assert feature["feature_uri"] == collection["vector_indexes"][0]["feature_uri"]
    assert (feature["vector_index"]["dimensions"], feature["primary"]) == (4, True)


async def test_the_index_is_told_of_the_documents_of_a_deleted_collection(
    client: httpx.AsyncClient, stack: Stack
) -> None:
    await set_up(client)
    document_id = await stack.process((await upload(client))["object_id"])
    await ok(client, "DELETE", PATH)
    assert document_id in stack.surroundings.index.refreshed
    query = "SELECT count(*) FROM events WHERE event_type = 'document.deleted' AND subject_id = $1"
    assert await stack.gateway.pool.fetchval(query, document_id) == 1


@pytest.mark.parametrize(
    "name",
    [
        "source",
        "feature_extractor",
        "feature_extractors",
        "features",
        "input_mappings",
        "parameters",
        "include_all_source_fields",
        "embedding_task",
    ],
)
async def test_what_is_fixed_is_refused_and_says_what_to_do(client: httpx.AsyncClient, name: str) -> None:
    await set_up(client)
    error = await refused(client, 422, "PATCH", "/v1/collections/products_unified", {name: {"x": 1}})
    assert (error["details"]["path"], "clone" in error["message"]) == (f"body.{name}", True)


async def test_fields_passed_through_change_and_reach_what_is_there(client: httpx.AsyncClient, stack: Stack) -> None:
    before = await set_up(client)
    path = f"/v1/collections/{before['collection_id']}"
    changed = await ok(client, "PATCH", path, {"field_passthrough": ["product_label", {"source_path": "price"}]})
    rules = [rule["source_path"] for rule in changed["feature_extractor"]["field_passthrough"]]
    assert rules == ["product_label", "price"]
    assert changed["feature_extractor"]["input_mappings"] == before["feature_extractor"]["input_mappings"]
    task = await stack.gateway.pool.fetchrow("SELECT * FROM tasks WHERE namespace_id = $1", stack.namespace_id)
    assert task is not None
    assert any(task["task_id"] in warning for warning in changed["warnings"])
    assert task["inputs"]["before"]["field_passthrough"] == before["feature_extractor"]["field_passthrough"]
    again = await ok(client, "PATCH", path, {"field_passthrough": ["product_label", {"source_path": "price"}]})
    assert again["updated_at"] == changed["updated_at"]
    assert again["warnings"] == before["warnings"]
    error = await refused(client, 422, "PATCH", path, {"field_passthrough": [3]})
    assert error["details"]["path"] == "body.field_passthrough.0"
    assert (await ok(client, "PATCH", path, {"field_passthrough": None}))["feature_extractor"][
        "field_passthrough"
    ] == []
