"""What nobody reads is refused, and the answer says which keys are read."""

from typing import Any

import httpx
import pytest

from tests.support.gateway.openapi import Route, routes
from tests.support.gateway.rest import DOCUMENTS, OBJECTS, ok, refused, set_up
from tests.support.tutorial.option_a import BUCKET, COLLECTION, RETRIEVER

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Here the keys are the user's own.
OPEN = {
    "POST /v1/buckets/{bucket}/objects",
    "PUT /v1/buckets/{bucket}/objects/{object_id}",
    "PATCH /v1/buckets/{bucket}/objects/{object_id}",
    "POST /v1/collections/{collection}/documents",
    "POST /v1/collections/{collection}/documents/schema/validate",
    *(f"{method} /v1/documents/{{document_id}}" for method in ("PUT", "PATCH")),
    *(f"{method} /v1/collections/{{collection}}/documents/{{document_id}}" for method in ("PUT", "PATCH")),
}


def takes_an_object(route: Route) -> bool:
    schema = route.body_schema() or {}
    options = [schema, *schema.get("anyOf", [])]
    return any("properties" in each or each.get("type") == "object" or "$ref" in each for each in options)


FORMS = [route for route in routes() if takes_an_object(route)]
NAMES = [f"{route.method} {route.path}" for route in FORMS]


async def test_the_bodies_whose_keys_are_free_are_those_of_objects_and_documents() -> None:
    assert set(NAMES) >= OPEN
    assert len(NAMES) > 90


@pytest.mark.parametrize(
    "route", [each for each in FORMS if f"{each.method} {each.path}" not in OPEN], ids=lambda x: f"{x.method} {x.path}"
)
async def test_a_key_that_nobody_reads_is_refused(client: httpx.AsyncClient, route: Route) -> None:
    address = route.address(dict.fromkeys(route.parameters, "x"))
    response = await client.request(route.method, address, json={"unheard_of": 1})
    assert response.status_code == 422, response.text
    error = response.json()["error"]
    faults = [each for each in error["details"]["validation_errors"] if each["type"] == "extra_forbidden"]
    assert [each["location"][-1] for each in faults] == ["unheard_of"], error
    assert "Accepted keys: " in error["message"]
    assert faults[0]["accepted"]


@pytest.mark.parametrize(
    ("method", "path", "body", "where", "meant"),
    [
        ("PATCH", f"{DOCUMENTS}/bulk", {"filter": {}, "update_data": {"a": 1}}, "body.filter", "filters"),
        ("DELETE", f"{DOCUMENTS}/batch", {"document_id": ["x"]}, "body.document_id", "document_ids"),
        (
            "POST",
            "/v1/collections/products_unified/apply-taxonomy",
            {"taxonomy_id": "t", "filters": {}},
            "body.filters",
            None,
        ),
        ("POST", "/v1/buckets", BUCKET | {"uniqe_key": {"fields": ["a"]}}, "body.uniqe_key", "unique_key"),
        ("POST", "/v1/buckets", BUCKET | {"unique_key": {"field": ["a"]}}, "body.unique_key.fields", None),
        ("POST", "/v1/retrievers", RETRIEVER | {"stage": []}, "body.stage", "stages"),
        ("POST", "/v1/collections", COLLECTION | {"taxonmy": {}}, "body.taxonmy", "taxonomy"),
        (
            "POST",
            "/v1/collections",
            COLLECTION | {"taxonomy": {"field_to_enrich": "a", "confidence_treshold": 0.9}},
            "body.taxonomy.confidence_treshold",
            "confidence_threshold",
        ),
        (
            "POST",
            "/v1/collections",
            COLLECTION | {"source": {"type": "bucket", "bucket_id": "x", "source_filter": {}}},
            "body.source.source_filter",
            "source_filters",
        ),
        (
            "POST",
            "/v1/collections",
            COLLECTION | {"feature_extractor": {**COLLECTION["feature_extractor"], "field_passthru": []}},
            "body.feature_extractor.field_passthru",
            None,
        ),
        (
            "POST",
            "/v1/collections",
            COLLECTION | {"feature_extractor": {**COLLECTION["feature_extractor"], "parameters": {"use_cnd": True}}},
            "body.feature_extractor.parameters.use_cnd",
            "use_cdn",
        ),
        (
            "POST",
            "/v1/triggers",
            {
                "action_type": "collection_trigger",
                "action_config": {"collection_id": "products_unified", "source_filter": {}},
                "trigger_type": "interval",
                "schedule_config": {"interval_seconds": 60},
            },
            "body.action_config.source_filter",
            "source_filters",
        ),
        (
            "POST",
            "/v1/triggers",
            {
                "action_type": "collection_trigger",
                "action_config": {"collection_id": "products_unified"},
                "trigger_type": "interval",
                "schedule_config": {"interval_seconds": 60, "start_imediately": True},
            },
            "body.schedule_config.start_imediately",
            "start_immediately",
        ),
        (
            "POST",
            "/v1/organizations/webhooks",
            {
                "webhook_name": "w",
                "event_types": ["*"],
                "channels": [{"channel": "webhook", "configs": {"url": "https://example.com", "signing_secrt": "x"}}],
            },
            "body.channels.0.configs.signing_secrt",
            "signing_secret",
        ),
    ],
)
async def test_a_slip_is_named_with_what_may_be_meant(
    client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any], where: str, meant: str | None
) -> None:
    await set_up(client)
    error = await refused(client, 422, method, path, body)
    assert where in error["message"]
    assert "Accepted keys: " in error["message"]
    assert meant is None or f"Did you mean '{meant}'?" in error["message"]
    assert error["details"]["path"] == where


async def test_keys_of_the_contract_that_are_not_served_may_say_nothing(client: httpx.AsyncClient) -> None:
    silent: dict[str, Any] = {"destination": None, "ingest_filter": {}, "source_adapter": None}
    await ok(client, "POST", "/v1/buckets", BUCKET | silent)
    error = await refused(client, 422, "POST", "/v1/buckets", BUCKET | {"ingest_filter": {"a": 1}})
    assert error["details"]["path"] == "body.ingest_filter"
    assert "is not served here" in error["message"]
    assert error["details"]["validation_errors"][0]["type"] == "not_served"


async def test_an_object_of_a_batch_names_the_unknown_key_of_its_blob(client: httpx.AsyncClient) -> None:
    await set_up(client)
    blob = {"property": "image_url", "type": "image", "dat": "x"}
    answer = await ok(client, "POST", f"{OBJECTS}/batch", {"objects": [{"blobs": [blob]}]})
    assert "body.blobs.0.dat" in answer["failed"][0]["error"]


@pytest.mark.parametrize(
    ("method", "path", "name", "meant"),
    [
        ("POST", f"{OBJECTS}?polcy=upsert", "polcy", "policy"),
        ("POST", f"{OBJECTS}?auto_proces=false", "auto_proces", "auto_process"),
        ("POST", f"{OBJECTS}?unheard_of=1", "unheard_of", None),
        ("DELETE", "/v1/buckets/products_unified?unheard_of=1", "unheard_of", None),
        ("DELETE", "/v1/buckets/products_unified?force=true", "force", None),
        ("POST", f"{OBJECTS}?reason=x", "reason", None),
        ("PATCH", f"{DOCUMENTS}/bulk?limit=1", "limit", None),
        ("DELETE", f"{DOCUMENTS}/batch?limit=1", "limit", None),
        ("POST", "/v1/buckets/products_unified/batches?page_size=1", "page_size", None),
        ("GET", f"{DOCUMENTS}?filter=%7B%7D", "filter", "filters"),
        ("GET", f"{DOCUMENTS}?sortby=x", "sortby", "sort_by"),
    ],
)
async def test_a_name_in_the_query_that_nobody_reads_is_refused(
    client: httpx.AsyncClient, method: str, path: str, name: str, meant: str | None
) -> None:
    await set_up(client)
    error = await refused(client, 422, method, path, {} if method == "POST" else None)
    assert error["details"]["path"] == f"query.{name}"
    assert error["details"]["validation_errors"][0]["type"] == "extra_forbidden"
    assert meant is None or f"Did you mean '{meant}'?" in error["message"]


async def test_a_list_may_be_asked_with_what_has_no_meaning(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await ok(client, "GET", f"{DOCUMENTS}?_=123&limit=5&include_total=true")
    await ok(client, "POST", f"{DOCUMENTS}/list?limit=5&page=1")
    await ok(client, "PATCH", "/v1/buckets/products_unified?force_schema_break=true", {"description": "d"})
    await ok(client, "POST", "/v1/annotations/list?limit=1")


SEARCH = {"feature_uri": "mixpeek://image_extractor@v1/google_siglip_base_v1", "query": "{{INPUT.x}}"}
PARAMETERS = "body.stages.0.config.parameters"


@pytest.mark.parametrize(
    ("stage", "where", "meant"),
    [
        ({"config": {"stage_id": "limit", "parameters": {"limt": 3}}}, f"{PARAMETERS}.limt", "limit"),
        (
            {"config": {"stage_id": "feature_search", "parameters": {"searches": [SEARCH | {"min_scor": 0.9}]}}},
            f"{PARAMETERS}.searches.0.min_scor",
            "min_score",
        ),
        (
            {"config": {"stage_id": "feature_search", "parameters": {"searches": [SEARCH], "final_topk": 3}}},
            f"{PARAMETERS}.final_topk",
            "final_top_k",
        ),
        (
            {"config": {"stage_id": "feature_search", "parameters": {"searches": [SEARCH | {"query": {"valeu": 1}}]}}},
            f"{PARAMETERS}.searches.0.query.valeu",
            "value",
        ),
        ({"config": {"stage_id": "limit", "parameters": {}, "limit": 3}}, "body.stages.0.config.limit", None),
        ({"config": {"stage_id": "limit", "parameters": {}}, "on_eror": "x"}, "body.stages.0.on_eror", "on_error"),
        ({"stage_type": "limit", "parameters": {"limit": 3}, "unheard_of": 1}, "body.stages.0.unheard_of", None),
    ],
)
async def test_a_parameter_of_a_stage_that_nobody_reads_is_refused(
    client: httpx.AsyncClient, stage: dict[str, Any], where: str, meant: str | None
) -> None:
    await set_up(client)
    for path, body in (("/v1/retrievers", RETRIEVER | {"retriever_name": "r"}), ("/v1/retrievers/execute", {})):
        error = await refused(client, 422, "POST", path, {**body, "stages": [stage]})
        assert error["details"]["path"] == where
        assert meant is None or f"Did you mean '{meant}'?" in error["message"]


async def test_parameters_may_stand_straight_in_the_config(client: httpx.AsyncClient) -> None:
    await set_up(client)
    condition = {"field": "product_label", "operator": "exists", "value": True}
    stage = {"config": {"stage_id": "attribute_filter", **condition}}
    body = {"retriever_name": "straight", "collection_identifiers": ["products_unified"], "stages": [stage]}
    await ok(client, "POST", "/v1/retrievers", body)
    shown = await ok(client, "GET", "/v1/retrievers/straight")
    assert shown["stages"][0]["parameters"] == condition
