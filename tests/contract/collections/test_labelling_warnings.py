"""What answers say of labelling that cannot work, has no effect, or does not suit the model."""

from typing import Any

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import ok, set_up
from tests.support.gateway.scripted_services import STAND_IN
from tests.support.tutorial.option_a import BUCKET, COLLECTION, NEW_OBJECT, RETRIEVER

pytestmark = pytest.mark.asyncio(loop_scope="session")
Json = dict[str, Any]
PATH = "/v1/collections/products_unified"
CLASSIFIER = "/v1/retrievers/products_unified_classifier"
CONFIG: Json = {
    "taxonomy_type": "flat",
    "retriever_id": "products_unified_classifier",
    "input_mappings": [{"input_key": "query_image", "source_type": "vector"}],
    "source_collection": {"collection_id": "products_unified", "enrichment_fields": [{"field_path": "product_label"}]},
}


async def warnings(client: httpx.AsyncClient, path: str = PATH) -> str:
    """All warnings but those of the stand-in model."""
    found = (await ok(client, "GET", path))["warnings"]
    return "\n".join(each if isinstance(each, str) else each["reason"] for each in found if "stand-in" not in each)


def with_min_score(score: float) -> list[Json]:
    first, second = RETRIEVER["stages"]
    (search,) = second["config"]["parameters"]["searches"]
    parameters = {**second["config"]["parameters"], "searches": [{**search, "min_score": score}]}
    return [first, {**second, "config": {**second["config"], "parameters": parameters}}]


async def test_the_tutorials_collection_has_nothing_to_warn_of(client: httpx.AsyncClient) -> None:
    await set_up(client)
    assert await warnings(client) == ""
    assert await warnings(client, CLASSIFIER) == ""


async def test_a_threshold_under_the_retrievers_has_no_effect_and_both_are_told(client: httpx.AsyncClient) -> None:
    await set_up(client)
    changed = await ok(client, "PATCH", PATH, {"taxonomy": {"confidence_threshold": 0.05}})
    assert changed["taxonomy"]["confidence_threshold"] == 0.05
    assert any("confidence_threshold 0.05 has no effect" in each and "0.3" in each for each in changed["warnings"])
    assert "0.05" in await warnings(client)
    listed = (await ok(client, "GET", "/v1/collections"))["results"][0]
    assert any("0.05" in each for each in listed["warnings"])
    taxonomy = f"/v1/taxonomies/{changed['taxonomy']['taxonomy_id']}"
    assert "confidence_threshold 0.05 has no effect" in await warnings(client, taxonomy)
    lowered = await ok(client, "PATCH", CLASSIFIER, {"stages": with_min_score(0.05)})
    assert "no effect" not in str(lowered["warnings"])
    assert "far from 0.3" in await warnings(client)


async def test_a_changed_retriever_warns_of_the_thresholds_that_it_overrides(client: httpx.AsyncClient) -> None:
    await set_up(client)
    changed = await ok(client, "PATCH", CLASSIFIER, {"stages": with_min_score(0.5)})
    (warning,) = changed["warnings"]
    assert warning["resource"] == "collection"
    assert "0.3" in warning["reason"] and "0.5" in warning["reason"]
    assert "min_score 0.5" in await warnings(client)


@pytest.mark.parametrize("threshold", [0.05, 0.3])
async def test_a_native_taxonomy_is_checked_alone_and_where_it_is_applied(
    client: httpx.AsyncClient, threshold: float
) -> None:
    await set_up(client)
    config = {**CONFIG, "confidence_threshold": threshold}
    made = await ok(client, "POST", "/v1/taxonomies", {"taxonomy_name": "kinds", "config": config})
    assert ("no effect" in str(made["warnings"])) is (threshold < 0.3)
    await ok(client, "PATCH", PATH, {"taxonomy_applications": [{"taxonomy_id": "kinds"}]})
    assert ("'kinds': its confidence_threshold 0.05 has no effect" in await warnings(client)) is (threshold < 0.3)


async def test_who_names_no_threshold_gets_that_of_the_model(stack: Stack, client: httpx.AsyncClient) -> None:
    sface = type(STAND_IN)()
    sface.CopyFrom(STAND_IN)
    sface.label_threshold = 0.45
    stack.surroundings.extractor.models = [sface]
    for path, form in (("buckets", BUCKET), ("retrievers", RETRIEVER)):
        await ok(client, "POST", f"/v1/{path}", form)
    taxonomy = {key: value for key, value in COLLECTION["taxonomy"].items() if key != "confidence_threshold"}
    made = await ok(client, "POST", "/v1/collections", {**COLLECTION, "taxonomy": taxonomy})
    assert made["taxonomy"]["confidence_threshold"] == 0.45
    assert await warnings(client) == ""
    stack.surroundings.extractor.models = [STAND_IN]
    await ok(client, "PATCH", PATH, {"taxonomy": None})
    again = await ok(client, "PATCH", PATH, {"taxonomy": taxonomy})
    assert again["taxonomy"]["confidence_threshold"] == 0.45
    far = await ok(client, "PATCH", PATH, {"taxonomy": {"confidence_threshold": 0.3}})
    assert far["taxonomy"]["confidence_threshold"] == 0.3
    assert "confidence_threshold 0.3 is far from 0.45" in await warnings(client)


async def test_the_number_that_decides_is_the_one_that_is_called_far(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await ok(client, "PATCH", CLASSIFIER, {"stages": with_min_score(0.6)})
    told = await warnings(client)
    assert "confidence_threshold 0.3 has no effect" in told
    assert "its retriever's min_score 0.6 is far from 0.3" in told
    made = await ok(client, "POST", "/v1/taxonomies", {"taxonomy_name": "kinds", "config": CONFIG})
    (warning,) = made["warnings"]
    assert (warning["resource"], warning["id"]) == ("taxonomy", made["taxonomy_id"])
    assert "its retriever's min_score 0.6 is far from 0.3" in warning["reason"]


@pytest.mark.parametrize("name", ["min_score", "score_threshold"])
async def test_a_min_score_beside_the_searches_counts_where_a_search_names_none(
    client: httpx.AsyncClient, name: str
) -> None:
    await set_up(client)
    first, second = with_min_score(0.5)
    parameters = second["config"]["parameters"]
    for least, searches in ((0.7, [{**parameters["searches"][0], "min_score": None}]), (0.5, parameters["searches"])):
        config = {**second["config"], "parameters": {"searches": searches, name: 0.7}}
        await ok(client, "PATCH", CLASSIFIER, {"stages": [first, {**second, "config": config}]})
        assert f"under its min_score {least:g}" in await warnings(client)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, "high", True])
async def test_a_threshold_outside_of_0_to_1_is_refused(client: httpx.AsyncClient, threshold: Any) -> None:
    await set_up(client)
    response = await client.patch(PATH, json={"taxonomy": {"confidence_threshold": threshold}})
    assert response.status_code == 422
    assert response.json()["error"]["details"]["path"] == "body.taxonomy.confidence_threshold"


async def test_a_deleted_retriever_names_who_rests_on_it(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    deleted = await ok(client, "DELETE", CLASSIFIER)
    assert [(each["resource"], each["id"]) for each in deleted["warnings"]] == [
        ("collection", collection["collection_id"])
    ]
    assert "cannot run: there is no retriever" in await warnings(client)


async def test_a_deleted_collection_names_who_rests_on_it(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    source = {"type": "bucket", "bucket_ids": ["bkt_products_unified"]}
    other = {**COLLECTION, "collection_name": "other", "source": source}
    made = await ok(client, "POST", "/v1/collections", other)
    assert await warnings(client, "/v1/collections/other") == ""
    deleted = await ok(client, "DELETE", PATH)
    assert [each["resource"] for each in deleted["warnings"]] == ["retriever"]
    await ok(client, "POST", "/v1/collections", {**COLLECTION, "taxonomy": None})
    told = await warnings(client, f"/v1/collections/{made['collection_id']}")
    assert "'products_unified', which was deleted" in told
    assert collection["collection_id"] not in told


async def test_a_deleted_bucket_and_a_deleted_taxonomy_name_their_collections(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    await ok(client, "POST", "/v1/taxonomies", {"taxonomy_name": "kinds", "config": CONFIG})
    await ok(client, "PATCH", PATH, {"taxonomy_applications": [{"taxonomy_id": "kinds"}]})
    for path in ("/v1/taxonomies/kinds?force=true", "/v1/buckets/products_unified"):
        deleted = await ok(client, "DELETE", path)
        assert [each["id"] for each in deleted["warnings"]] == [collection["collection_id"]]


async def test_a_retriever_that_waits_for_its_collection_is_told(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await ok(client, "PATCH", CLASSIFIER, {"collection_identifiers": ["later"]})
    assert "the collection 'later', which does not exist yet" in await warnings(client)


async def test_a_mapped_path_that_nothing_has_is_known_when_it_is_applied(client: httpx.AsyncClient) -> None:
    await set_up(client)
    for path in ("image_url", "payload.image_url", "product_label", "imgae_url"):
        mappings = [{"input_key": "query_image", "source_type": "payload", "path": path}]
        name = f"by {path}"
        await ok(
            client,
            "POST",
            "/v1/taxonomies",
            {"taxonomy_name": name, "config": {**CONFIG, "input_mappings": mappings}},
        )
        await ok(client, "PATCH", PATH, {"taxonomy_applications": [{"taxonomy_id": name}]})
        assert (f"from '{path}', which is neither" in await warnings(client)) is (path == "imgae_url")


@pytest.mark.parametrize(
    ("source_type", "key", "is_told"),
    [("payload", "query_image", False), ("payload", "image", True), ("vector", "image", False)],
)
async def test_an_input_that_no_mapping_gives_is_known_when_it_is_applied(
    client: httpx.AsyncClient, source_type: str, key: str, is_told: bool
) -> None:
    await set_up(client)
    mappings = [{"input_key": key, "source_type": source_type, "path": "image_url"}]
    form = {"taxonomy_name": "kinds", "config": {**CONFIG, "input_mappings": mappings}}
    await ok(client, "POST", "/v1/taxonomies", form)
    await ok(client, "PATCH", PATH, {"taxonomy_applications": [{"taxonomy_id": "kinds"}]})
    assert ("asks for 'query_image', and its input_mappings give 'image'" in await warnings(client)) is is_told


@pytest.mark.parametrize(("mapping", "is_told"), [("vector", True), ("payload", False)])
async def test_models_that_differ_matter_only_where_vectors_are_compared(
    stack: Stack, client: httpx.AsyncClient, mapping: str, is_told: bool
) -> None:
    await set_up(client)
    mappings = [{"input_key": "query_image", "source_type": mapping, "path": "image_url"}]
    form = {"taxonomy_name": "kinds", "config": {**CONFIG, "input_mappings": mappings}}
    await ok(client, "POST", "/v1/taxonomies", form)
    other = {**COLLECTION, "collection_name": "other", "taxonomy": None}
    await ok(client, "POST", "/v1/collections", {**other, "taxonomy_applications": [{"taxonomy_id": "kinds"}]})
    sql = "UPDATE collections SET model = 'another' WHERE namespace_id = $1 AND collection_name = 'other'"
    await stack.gateway.pool.execute(sql, stack.namespace_id)
    assert ("cannot compare" in await warnings(client, "/v1/collections/other")) is is_told


async def test_a_collection_without_vectors_says_that_its_taxonomy_asks_in_vain(client: httpx.AsyncClient) -> None:
    await set_up(client)
    plain = {"feature_extractor_name": "passthrough_extractor", "version": "v1", "field_passthrough": ["product_label"]}
    form = {**COLLECTION, "collection_name": "plain", "feature_extractor": plain}
    made = await ok(client, "POST", "/v1/collections", form)
    assert any("give nothing, and this collection makes no vectors" in each for each in made["warnings"])


async def test_documents_that_could_not_be_judged_are_counted_with_their_reason(
    stack: Stack, client: httpx.AsyncClient
) -> None:
    await set_up(client)
    for reason in ("There is no retriever 'x'.", "There is no retriever 'x'.", None):
        created = await ok(client, "POST", "/v1/buckets/products_unified/objects", NEW_OBJECT)
        match: Json = {"matched": False, "confidence": 0.0}
        await stack.process(created["object_id"], match=match if reason is None else {**match, "reason": reason})
    assert "2 documents could not be judged: There is no retriever 'x'." in await warnings(client)
    coverage = await ok(client, "GET", f"{PATH}/analytics/label-coverage")
    assert coverage["not_judged"] == 2
    assert coverage["not_judged_reasons"] == [{"reason": "There is no retriever 'x'.", "count": 2}]


async def test_what_one_of_several_taxonomies_could_not_judge_counts_until_somebody_has_said_it(
    stack: Stack, client: httpx.AsyncClient
) -> None:
    collection = await set_up(client)
    fields = [{"field_path": "product_label", "target_field": "second"}]
    config = {**CONFIG, "source_collection": {"collection_id": "products_unified", "enrichment_fields": fields}}
    kinds = await ok(client, "POST", "/v1/taxonomies", {"taxonomy_name": "kinds", "config": config})
    await ok(client, "PATCH", PATH, {"taxonomy_applications": [{"taxonomy_id": "kinds"}]})
    created = await ok(client, "POST", "/v1/buckets/products_unified/objects", NEW_OBJECT)
    await stack.process(created["object_id"], match={"matched": False, "confidence": 0.0, "reason": "The first."})
    why = [{"taxonomy_id": kinds["taxonomy_id"], "reason": each} for each in ("Gone.", "The first.")]
    document_id = await stack.gateway.pool.fetchval(
        "UPDATE documents SET internal = $2 WHERE collection_id = $1 RETURNING document_id",
        collection["collection_id"],
        {"processing": {"not_judged": why}},
    )
    coverage = await ok(client, "GET", f"{PATH}/analytics/label-coverage")
    assert (coverage["not_judged"], len(coverage["not_judged_reasons"])) == (1, 2)
    assert "1 document could not be judged: Gone." in await warnings(client)
    await ok(client, "PATCH", f"{PATH}/documents/{document_id}", {"second": "Shoes", "product_label": "Shoes"})
    assert "could not be judged" not in await warnings(client)
    assert (await ok(client, "GET", f"{PATH}/analytics/label-coverage"))["not_judged"] == 0


async def test_a_retriever_says_what_it_names_in_vain(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await ok(client, "DELETE", PATH)
    await ok(client, "POST", "/v1/collections", {**COLLECTION, "taxonomy": None})
    shown = (await ok(client, "GET", CLASSIFIER))["warnings"]
    assert [each["resource"] for each in shown] == ["collection"]
    assert "'products_unified' that this retriever names was deleted" in shown[0]["reason"]
    await ok(client, "PATCH", CLASSIFIER, {"collection_identifiers": ["products_unified"]})
    assert (await ok(client, "GET", CLASSIFIER))["warnings"] == []


async def test_a_cluster_that_is_applied_and_not_there_is_told(client: httpx.AsyncClient) -> None:
    await set_up(client)
    changed = await ok(client, "PATCH", PATH, {"cluster_applications": [{"cluster_id": "clust_later"}]})
    assert any("'clust_later', which does not exist" in each for each in changed["warnings"])
