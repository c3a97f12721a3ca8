"""A change to what is already so is no change: no event, no `updated_at`, no new version; whoever writes back ends."""

from typing import Any

import httpx
import pytest

from tests.contract.alerts.test_alerts import make_alert
from tests.contract.events.test_events_of_changes import PATH, Listener, listening
from tests.contract.taxonomies.test_taxonomies import flat
from tests.contract.triggers.test_triggers import TRIGGERS, created
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, OBJECTS, PIXEL, ok, set_up, upload
from tests.support.gateway.webhook_forms import KEY, SECRET, WEBHOOKS, body, channel
from tests.support.tutorial.clusters_alerts_webhooks import CLUSTER
from tests.support.tutorial.option_a import RETRIEVER

pytestmark = pytest.mark.asyncio(loop_scope="session")
BOOTS = {"metadata": {"product_label": "Boots"}}
NESTED = {"metadata": {"size": {"eu": 42, "us": [8, 9.0]}, "flag": True}}
OTHER_ORDER = {"metadata": {"flag": True, "size": {"us": [8.0, 9], "eu": 42}}}


async def unchanged(client: httpx.AsyncClient, path: str, *bodies: Any, method: str = "PATCH", read: str = "") -> None:
    """Each of the requests leaves the resource, its time and its version as they are, and tells nobody."""
    before, listener = await ok(client, "GET", read or path), await listening(client)
    for each in bodies:
        await ok(client, method, path, each)
        assert await listener.hear() == [], each
        assert await ok(client, "GET", read or path) == before, each


async def test_a_label_of_an_object_is_told_once(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    path = f"{OBJECTS}/{(await upload(client))['object_id']}"
    document_id = await stack.process(path.rpartition("/")[2])
    listener = await listening(client)
    await ok(client, "PATCH", path, BOOTS | {"key_prefix": "/x"})
    assert await listener.types() == ["object.updated", "document.updated"]
    document = await ok(client, "GET", f"{DOCUMENTS}/{document_id}")
    await unchanged(client, path, BOOTS, {}, {"product_label": "Boots"}, {"key_prefix": "/x"}, {"metadata": {}})
    await unchanged(client, path, BOOTS, method="PUT")
    assert await ok(client, "GET", f"{DOCUMENTS}/{document_id}") == document
    await ok(client, "PATCH", path, {"metadata": {"product_label": "Boots", "note": "x"}})
    [(kind, payload)] = await listener.hear()
    assert (kind, payload["fields"]) == ("object.updated", ["note"])


async def test_the_order_of_keys_and_the_form_of_numbers_are_no_change_but_a_type_is(client: httpx.AsyncClient) -> None:
    await set_up(client)
    path = f"{OBJECTS}/{(await upload(client))['object_id']}"
    await ok(client, "PATCH", path, NESTED)
    await unchanged(client, path, OTHER_ORDER)
    listener = await listening(client)
    await ok(client, "PATCH", path, {"metadata": {"flag": 1}})
    assert await listener.types() == ["object.updated"]


async def test_a_label_that_a_machine_gave_becomes_a_persons_once(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    object_id = (await upload(client))["object_id"]
    label = {"source": "auto", "value": "Boots", "score": 0.9}
    document_id = await stack.process(object_id)
    sql = "UPDATE documents SET labels = $2, fields = fields || $3 WHERE document_id = $1"
    await stack.gateway.pool.execute(sql, document_id, {"product_label": label}, {"product_label": "Boots"})
    listener = await listening(client)
    path = f"{DOCUMENTS}/{document_id}"
    await ok(client, "PATCH", path, {"product_label": "Boots"})
    [(kind, payload)] = await listener.hear()
    assert (kind, payload["fields"]) == ("document.updated", ["product_label"])
    confirmed = (await ok(client, "GET", path))["_internal"]["labels"]["product_label"]
    assert (confirmed["source"], confirmed["proposal"]["score"]) == ("human", 0.9)
    await unchanged(client, path, {"product_label": "Boots"}, {"metadata": {"product_label": "Boots"}}, {})


async def test_an_object_that_says_it_already_and_its_document_that_did_not(
    client: httpx.AsyncClient, stack: Stack
) -> None:
    await set_up(client)
    object_id = (await upload(client))["object_id"]
    document_id = await stack.process(object_id)
    await ok(client, "PATCH", f"{OBJECTS}/{object_id}", BOOTS)
    sql = "UPDATE documents SET fields = fields || $2 WHERE document_id = $1"
    await stack.gateway.pool.execute(sql, document_id, {"product_label": "Shoes"})
    listener = await listening(client)
    await ok(client, "PATCH", f"{OBJECTS}/{object_id}", BOOTS)
    assert await listener.types() == ["document.updated"]
    assert (await ok(client, "GET", f"{DOCUMENTS}/{document_id}"))["product_label"] == "Boots"


async def test_documents_one_by_one_and_many_at_once(client: httpx.AsyncClient) -> None:
    await set_up(client)
    one, two = [(await ok(client, "POST", DOCUMENTS, {"name": name}))["document_id"] for name in "ab"]
    path, anywhere = f"{DOCUMENTS}/{one}", f"/v1/documents/{one}"
    await ok(client, "PATCH", path, {"product_label": "Boots", "size.eu": 42})
    await unchanged(client, path, {"product_label": "Boots"}, {"size.eu": 42}, {"size": {"eu": 42.0}})
    await unchanged(client, anywhere, {"product_label": "Boots"}, {})
    await unchanged(client, path, await ok(client, "GET", path), method="PUT")
    listener = await listening(client)
    updates = [{"document_id": one, "update_data": {"name": "a"}}, {"document_id": two, "update_data": {"name": "c"}}]
    answer = await ok(client, "POST", f"{DOCUMENTS}/batch", {"updates": updates})
    assert [each["success"] for each in answer["results"]] == [True, True]
    told = await listener.hear()
    assert [kind for kind, _ in told] == ["document.updated", "documents.updated.batch"]
    assert told[1][1]["document_ids"] == [two]
    again = await ok(client, "POST", f"{DOCUMENTS}/batch", {"updates": updates})
    assert (again["updated_count"], again["failed_count"], await listener.hear()) == (2, 0, [])


async def test_an_upsert_of_the_same(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    await ok(client, "PATCH", "/v1/buckets/products_unified", {"unique_key": {"fields": ["sku"]}})
    item = {
        "metadata": {"sku": "1", "colour": "red"},
        "blobs": [{"property": "image_url", "type": "image", "data": f"data:image/png;base64,{PIXEL}"}],
    }
    object_id = (await upload(client, item, params={"policy": "upsert"}))["object_id"]
    await stack.process(object_id)
    await stack.gateway.pool.execute("UPDATE processing SET status = 'COMPLETED' WHERE object_id = $1", object_id)
    path = f"{OBJECTS}/{object_id}"
    read = await ok(client, "GET", path)
    listener = await listening(client)
    for same in (item, {"metadata": item["metadata"]}, {**item, "metadata": {"sku": "1"}}):
        assert (await upload(client, same, params={"policy": "upsert"}))["object_id"] == object_id
        assert await listener.hear() == []
    assert await ok(client, "GET", path) == read
    await upload(client, {"metadata": {"sku": "1", "colour": "blue"}}, params={"policy": "upsert"})
    told = await listener.hear()
    assert (told[0][0], told[0][1]["fields"]) == ("object.updated", ["colour"])


async def test_an_upsert_of_the_same_begins_what_has_not_been_done(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    await ok(client, "PATCH", "/v1/buckets/products_unified", {"unique_key": {"fields": ["sku"]}})
    item = {
        "metadata": {"sku": "1"},
        "blobs": [{"property": "image_url", "type": "image", "data": f"data:image/png;base64,{PIXEL}"}],
    }
    params = {"policy": "upsert", "auto_process": "false"}
    object_id = (await upload(client, item, params=params))["object_id"]
    open_jobs = "SELECT count(*) FROM processing WHERE object_id = $1 AND status = 'PENDING'"
    assert await stack.gateway.pool.fetchval(open_jobs, object_id) == 0
    await upload(client, item, params={"policy": "upsert"})
    assert await stack.gateway.pool.fetchval(open_jobs, object_id) == 1


async def test_a_collection(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    schedule = {"trigger_type": "interval", "schedule_config": {"interval_seconds": 3600}}
    said = {"description": "new", "metadata": {"x": 1, "y": {"a": 1, "b": 2}}, "schedule": schedule}
    await ok(client, "PATCH", PATH, said)
    retriever = collection["taxonomy"]["retriever_id"]
    await ok(client, "POST", "/v1/taxonomies", flat({"collection": collection, "retriever": retriever}))
    await ok(client, "PATCH", PATH, {"taxonomy_applications": [{"taxonomy_id": "kinds"}]})
    await unchanged(
        client,
        PATH,
        {},
        said,
        {"metadata": {"y": {"b": 2, "a": 1}}},
        {"enabled": True},
        {"collection_name": "products_unified"},
        {"taxonomy": {"confidence_threshold": 0.30, "top_k": 1}},
        {"taxonomy": {"retriever_id": "ret_products_unified_classifier", "field_to_enrich": "product_label"}},
        {"taxonomy_applications": [{"taxonomy_id": "kinds"}]},
        {"retriever_enrichments": []},
        {"cluster_applications": None},
    )
    await unchanged(client, PATH, {"description": "new"}, method="PUT")
    listener = await listening(client)
    await ok(client, "PATCH", PATH, {**said, "description": "newer", "enabled": True})
    [(_, payload)] = await listener.hear()
    assert payload["fields"] == ["description"]


async def test_taxonomies(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    parts = {"collection": collection, "retriever": collection["taxonomy"]["retriever_id"]}
    made = await ok(client, "POST", "/v1/taxonomies", flat(parts))
    path = "/v1/taxonomies/kinds"
    same = {"config": made["config"], "description": made["description"], "metadata": made["metadata"]}
    await unchanged(client, path, {}, {"taxonomy_name": "kinds"}, {"config": {"top_k": made["config"].get("top_k")}})
    await unchanged(client, path, {key: value for key, value in same.items() if value is not None})
    assert (await ok(client, "GET", f"{path}/versions"))["total_count"] == 1
    await ok(client, "PATCH", path, {"config": {"top_k": 3}, "metadata": {"a": 1}})
    await unchanged(client, path, {"config": {"top_k": 3}}, {"metadata": {"a": 1}})
    assert (await ok(client, "GET", path))["version"] == 2
    inline = f"/v1/taxonomies/{collection['taxonomy']['taxonomy_id']}"
    shown = (await ok(client, "GET", inline))["config"]
    await unchanged(client, inline, {"config": {"confidence_threshold": 0.30}}, {"config": shown})
    explicit = await ok(client, "POST", f"{path}/versions")
    assert (explicit["version"], explicit["config"]["top_k"]) == (3, 3)


async def test_retrievers_make_no_version_of_the_same(client: httpx.AsyncClient) -> None:
    made = await ok(client, "POST", "/v1/retrievers", {**RETRIEVER, "metadata": {"a": 1}, "tags": ["x"]})
    path = f"/v1/retrievers/{made['retriever_id']}"
    shown = {name: made[name] for name in ("stages", "collection_identifiers", "metadata", "tags", "input_schema")}
    await unchanged(
        client, path, {}, {"stages": RETRIEVER["stages"]}, shown, {"retriever_name": made["retriever_name"]}
    )
    changed = await ok(client, "PATCH", path, {**shown, "collection_identifiers": ["other"]})
    assert changed["retriever"]["version"] == 2


async def test_alerts(client: httpx.AsyncClient) -> None:
    made = await make_alert(client)
    shown = {name: made[name] for name in ("trigger_on", "enabled", "cooldown_seconds", "notification_config")}
    path = f"/v1/alerts/{made['alert_id']}"
    await unchanged(client, path, {}, {"name": made["name"]}, shown, {"retriever_id": made["retriever_id"]})
    listener = await listening(client)
    await ok(client, "PATCH", path, {**shown, "cooldown_seconds": 7})
    [(_, payload)] = await listener.hear()
    assert payload["fields"] == ["cooldown_seconds"]


async def test_triggers_keep_their_turn(client: httpx.AsyncClient) -> None:
    await set_up(client)
    made = await created(client, "interval", {"interval_seconds": 3600}, name="hourly")
    counting = await created(client, "event", {"event_type": "documents_added", "event_threshold": 5})
    for each in (made, counting):
        same = {"schedule_config": each["schedule_config"], "status": "active"}
        await unchanged(client, f"{TRIGGERS}/{each['trigger_id']}", {}, {"name": each["name"]}, same)
        path = f"{TRIGGERS}/{each['trigger_id']}"
        await unchanged(client, f"{path}/resume", None, method="POST", read=path)


async def test_clusters_and_their_patches(client: httpx.AsyncClient) -> None:
    await set_up(client)
    made = await ok(client, "POST", "/v1/clusters", CLUSTER)
    same = {name: made[name] for name in ("cluster_name", "description", "algorithm_params", "metadata")}
    path = f"/v1/clusters/{made['cluster_id']}"
    await unchanged(
        client, path, {}, same, {"sample_size": None}, {"filters": None}, {"llm_labeling": made["llm_labeling"]}
    )


@pytest.mark.parametrize(
    "given", [{}, {"description": "b"}, {"metadata": {"b": {"d": 2, "c": 1}}}, {"bucket_name": "b"}]
)
async def test_buckets(client: httpx.AsyncClient, given: dict[str, Any]) -> None:
    schema = {"properties": {"a": {"type": "text"}, "b": {"type": "number"}}}
    form = {"bucket_name": "b", "description": "b", "metadata": {"b": {"c": 1, "d": 2}}, "bucket_schema": schema}
    await ok(client, "POST", "/v1/buckets", form)
    part = {"bucket_schema": {"properties": {"b": {"type": "number"}}}, "storage_class": "standard"}
    reordered = {"metadata": {"b": {"d": 2, "c": 1}}}
    await unchanged(client, "/v1/buckets/b", {}, {"bucket_name": "b"}, reordered, part, {"bucket_schema": schema})
    before = await ok(client, "GET", "/v1/buckets/b")
    added = {"bucket_schema": {"properties": {"c": {"type": "text"}}}}
    after = await ok(client, "PATCH", "/v1/buckets/b", added)
    assert set(after["bucket_schema"]["properties"]) == {"a", "b", "c"}
    assert after["updated_at"] > before["updated_at"]


async def test_namespaces(client: httpx.AsyncClient, stack: Stack) -> None:
    path = f"/v1/namespaces/{stack.namespace_id}"
    await ok(client, "PATCH", path, {"description": "mine", "auto_create_indexes": True})
    name = (await ok(client, "GET", path))["namespace_name"]
    await unchanged(client, path, {}, {"description": "mine"}, {"auto_create_indexes": True}, {"namespace_name": name})


async def test_annotations_that_confirm_what_was_said(client: httpx.AsyncClient) -> None:
    await set_up(client)
    document_id = (await ok(client, "POST", DOCUMENTS, {"name": "a"}))["document_id"]
    form = {"document_id": document_id, "label": "correct", "payload": {"a": {"x": 1, "y": 2}}, "confidence": 1}
    made = await ok(client, "POST", "/v1/annotations", form)
    path = f"/v1/annotations/{made['annotation_id']}"
    await unchanged(client, path, {}, {"label": "correct"}, {"payload": {"a": {"y": 2, "x": 1.0}}}, {"confidence": 1.0})
    bulk = {"update": [{"annotation_id": made["annotation_id"], "label": "correct"}]}
    await unchanged(client, "/v1/annotations/bulk", bulk, method="POST", read=path)


async def test_batches(client: httpx.AsyncClient) -> None:
    await set_up(client)
    form = {"object_ids": [(await upload(client))["object_id"]], "metadata": {"a": {"b": 1, "c": 2}}}
    made = await ok(client, "POST", "/v1/buckets/products_unified/batches", form)
    path = f"/v1/buckets/products_unified/batches/{made['batch_id']}"
    await unchanged(client, path, {}, {"metadata": {"a": {"c": 2, "b": 1}}})


async def test_webhooks_with_their_secrets(sealing: Stack, owner: httpx.AsyncClient) -> None:
    assert sealing.gateway.settings.secrets_key == KEY
    form = body(channels=channel(signing_secret=SECRET))
    made = await ok(owner, "POST", WEBHOOKS, form)
    path = f"{WEBHOOKS}/{made['webhook_id']}"
    for same in (form, body(**{**form, "channels": channel()}), {**form, "channels": made["channels"]}):
        assert await ok(owner, "PUT", path, same) == made
    assert await ok(owner, "POST", f"{path}/resume") == made
    assert (await ok(owner, "PUT", path, {**form, "is_active": False}))["updated_at"] > made["updated_at"]


async def test_a_receiver_that_writes_back_ends(client: httpx.AsyncClient, stack: Stack) -> None:
    """It answers each event about an object by patching the object to the label that it stands for."""
    await set_up(client)
    object_id = (await upload(client))["object_id"]
    await stack.process(object_id)
    listener: Listener = await listening(client)
    await ok(client, "PATCH", f"{OBJECTS}/{object_id}", BOOTS)
    rounds = 0
    while (told := await listener.types()) and rounds < 5:
        rounds += 1
        for _ in told:
            await ok(client, "PATCH", f"{OBJECTS}/{object_id}", BOOTS)
    assert rounds == 1


async def test_a_repeated_upload_is_told_once(client: httpx.AsyncClient) -> None:
    await set_up(client)
    first = await upload(client, {"metadata": {"a": 1}, "idempotency_key": "k"})
    listener = await listening(client)
    again = await upload(client, {"metadata": {"a": 2}, "idempotency_key": "k"})
    assert (again["object_id"], await listener.hear()) == (first["object_id"], [])
