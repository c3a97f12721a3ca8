"""Batches, tasks and triggers, as the gateway answers for them; the worker's part is tested where it runs."""

from typing import Any

import httpx
import pytest

from services.common.database.api_keys import create_key
from services.common.ids import new_id
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import OBJECTS, ok, refused, set_up
from tests.support.tutorial.option_a import BOOTSTRAP_OBJECT, BUCKET

pytestmark = pytest.mark.asyncio(loop_scope="session")

BATCHES = OBJECTS.removesuffix("/objects") + "/batches"
TRIGGER = "/v1/collections/products_unified/trigger"


async def stored(client: httpx.AsyncClient, count: int = 1, **more: Any) -> list[str]:
    """Objects that nothing processes yet."""
    made = [await ok(client, "POST", f"{OBJECTS}?auto_process=false", BOOTSTRAP_OBJECT | more) for _ in range(count)]
    return [each["object_id"] for each in made]


async def drafted(client: httpx.AsyncClient, object_ids: list[str], **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = await ok(client, "POST", BATCHES, {"object_ids": object_ids, **more})
    return made


async def submitted(client: httpx.AsyncClient, object_ids: list[str], **more: Any) -> str:
    batch_id = str((await drafted(client, object_ids, **more))["batch_id"])
    await ok(client, "POST", f"{BATCHES}/{batch_id}/submit")
    return batch_id


async def end(stack: Stack, object_id: str, status: str, error: str | None = None) -> None:
    """Ends the processing of an object, as the worker does."""
    pool = stack.gateway.pool
    await pool.execute("UPDATE processing SET status = 'PROCESSING' WHERE object_id = $1", object_id)
    query = """SELECT end_processing(array_agg(object_id), array_agg(collection_id), $2, $3)
               FROM processing WHERE object_id = $1"""
    await pool.fetch(query, object_id, status, error)


async def settle(stack: Stack, batch_id: str, status: str) -> None:
    """Ends a batch, as its task does."""
    pool = stack.gateway.pool
    await pool.execute(
        """UPDATE batch_items i SET outcome = s.state, reason = s.reason, ended_at = now() FROM batch_item_states s
           WHERE i.batch_id = $1 AND (s.batch_id, s.object_id, s.collection_id)
             = (i.batch_id, i.object_id, i.collection_id)""",
        batch_id,
    )
    await pool.execute("UPDATE batches SET status = $2, ended_at = now() WHERE batch_id = $1", batch_id, status)


async def jobs_of(stack: Stack, object_id: str) -> int:
    query = "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'ingest' AND convert_from(payload, 'UTF8') LIKE $1"
    return int(await stack.gateway.pool.fetchval(query, f"%{object_id}%"))


async def test_a_draft_is_submitted_once_and_its_task_follows_it(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    first, second = await stored(client, 2)
    draft = await drafted(client, [first], batch_name="first", metadata={"campaign_id": "summer"})
    path = f"{BATCHES}/{draft['batch_id']}"
    assert (draft["status"], draft["object_ids"], draft["lifecycle"]) == ("DRAFT", [first], "accepted")
    assert (await ok(client, "POST", f"{path}/objects", {"object_ids": [second]}))["object_ids"] == [first, second]
    task = await ok(client, "POST", f"{path}/submit")
    assert (task["task_type"], task["status"]) == ("api_buckets_batches_process", "PENDING")
    assert task["additional_data"]["batch_id"] == draft["batch_id"]
    batch = await ok(client, "GET", path)
    assert (batch["status"], batch["task_id"], batch["progress"]["total"]) == ("PENDING", task["task_id"], 2)
    assert [await jobs_of(stack, each) for each in (first, second)] == [1, 1]
    assert (await refused(client, 400, "POST", f"{path}/submit"))["code"] == "BATCH_STATUS"
    assert (await refused(client, 400, "POST", f"{path}/objects", {"object_ids": [first]}))["code"] == "BATCH_STATUS"
    assert (await refused(client, 400, "DELETE", path))["code"] == "BATCH_STATUS"


async def test_the_status_is_that_of_the_objects(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    good, bad = await stored(client, 2)
    batch_id = await submitted(client, [good, bad])
    await end(stack, good, "COMPLETED")
    assert (await ok(client, "GET", f"{BATCHES}/{batch_id}"))["status"] == "PROCESSING"
    await end(stack, bad, "FAILED", "NOT_AN_IMAGE: no picture")
    batch = await ok(client, "GET", f"{BATCHES}/{batch_id}")
    assert (batch["status"], batch["lifecycle"]) == ("COMPLETED_WITH_ERRORS", "indexed")
    assert [each["object_id"] for each in batch["failed_objects"]] == [bad]
    assert batch["error_summary"] == {"NOT_AN_IMAGE": 1}
    audit = await ok(client, "GET", f"{BATCHES}/{batch_id}/audit")
    assert (audit["all_balanced"], audit["has_lost_objects"]) == (True, False)
    assert (audit["total"], audit["completed"], audit["failed"]) == (2, 1, 1)
    [tier] = audit["tiers"]
    assert (tier["submitted"], tier["balanced"]) == (2, True)


async def test_a_lost_object_is_not_hidden(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    [lost] = await stored(client)
    batch_id = await submitted(client, [lost])
    await stack.gateway.pool.execute("DELETE FROM processing WHERE object_id = $1", lost)
    audit = await ok(client, "GET", f"{BATCHES}/{batch_id}/audit")
    assert (audit["all_balanced"], audit["has_lost_objects"], audit["lost"]) == (False, True, 1)
    assert (await ok(client, "GET", f"{BATCHES}/{batch_id}"))["unaccounted_object_count"] == 1
    assert (await ok(client, "GET", f"{BATCHES}/{batch_id}/failed-documents"))["total"] == 1
    assert (await ok(client, "GET", f"{BATCHES}/{batch_id}/logs"))["logs"][-1]["level"] == "error"


async def test_what_failed_is_listed_and_retried_by_its_kind(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    broken, away = await stored(client, 2)
    batch_id = await submitted(client, [broken, away])
    path = f"{BATCHES}/{batch_id}"
    assert (await refused(client, 400, "POST", f"{path}/retry"))["code"] == "BATCH_STATUS"
    await end(stack, broken, "FAILED", "NOT_AN_IMAGE: no picture")
    await end(stack, away, "FAILED", "FETCH_TIMEOUT: no answer. (tried 5 times)")
    await settle(stack, batch_id, "FAILED")
    failed = await ok(client, "GET", f"{path}/failed-documents")
    kinds = {each["object_id"]: each["error_type"] for each in failed["failed_documents"]}
    assert (kinds, failed["total"]) == ({broken: "permanent", away: "transient"}, 2)
    assert len((await ok(client, "GET", f"{path}/failed-documents?limit=1&offset=1"))["results"]) == 1
    retried = await ok(client, "POST", f"{path}/retry", {})
    assert (retried["retried_count"], retried["status"]) == (1, "PENDING")
    batch = await ok(client, "GET", path)
    assert (batch["status"], batch["retry_count"]) == ("PROCESSING", 1)
    await end(stack, away, "COMPLETED")
    await settle(stack, batch_id, "COMPLETED_WITH_ERRORS")
    assert (await ok(client, "POST", f"{path}/retry", {"retry_mode": "all"}))["retried_count"] == 1


async def test_a_canceled_batch_leaves_its_objects_as_they_were(client: httpx.AsyncClient) -> None:
    await set_up(client)
    [object_id] = await stored(client)
    batch_id = await submitted(client, [object_id])
    task = await ok(client, "POST", f"{BATCHES}/{batch_id}/cancel")
    assert task["status"] == "CANCELED"
    batch = await ok(client, "GET", f"{BATCHES}/{batch_id}")
    assert (batch["status"], batch["progress"]["objects_skipped"]) == ("CANCELED", 1)
    assert (await ok(client, "GET", f"{OBJECTS}/{object_id}"))["status"] == "PENDING"
    assert (await ok(client, "POST", f"{BATCHES}/{batch_id}/resubmit"))["status"] == "PENDING"


async def test_objects_are_chosen_by_a_filter(client: httpx.AsyncClient) -> None:
    await set_up(client)
    red = await stored(client, 2, metadata={"colour": "red"})
    await stored(client, metadata={"colour": "blue"})
    filters = {"AND": [{"field": "colour", "operator": "eq", "value": "red"}]}
    made = await ok(client, "POST", BATCHES, {"filters": filters})
    assert made["object_ids"] == red
    assert (await ok(client, "POST", BATCHES, {"all": True, "limit": 1}))["object_ids"] == red[:1]
    auto = await ok(client, "POST", f"{BATCHES}?auto_submit=true", {"filters": filters})
    assert auto["status"] == "PENDING"


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        ({}, 422, "body.object_ids"),
        ({"object_ids": []}, 422, "body.object_ids"),
        ({"object_ids": ["obj_unknown"]}, 404, "body.object_ids.0"),
        ({"filters": {"AND": 3}}, 422, "body.filters"),
        ({"all": True, "limit": 0}, 422, "body.limit"),
        ({"all": True, "dedup_strategy": "double"}, 422, "body.dedup_strategy"),
    ],
)
async def test_a_batch_of_nothing_known_is_refused(
    client: httpx.AsyncClient, body: dict[str, Any], status: int, path: str
) -> None:
    await set_up(client)
    error = await refused(client, status, "POST", BATCHES, body)
    assert error["details"]["path"].startswith(path)


async def test_a_bucket_that_no_collection_reads_cannot_be_processed(client: httpx.AsyncClient) -> None:
    await ok(client, "POST", "/v1/buckets", BUCKET)
    [object_id] = await stored(client)
    batch = await drafted(client, [object_id])
    assert (await refused(client, 400, "POST", f"{BATCHES}/{batch['batch_id']}/submit"))["code"] == "NO_COLLECTION"


async def test_batches_are_listed_per_bucket_and_for_the_organization(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    [object_id] = await stored(client)
    draft = await drafted(client, [object_id], batch_name="kept apart")
    running = await submitted(client, [object_id])
    listed = await ok(client, "POST", f"{BATCHES}/list", {"status": "DRAFT"})
    assert ([each["batch_id"] for each in listed["results"]], listed["total_count"]) == ([draft["batch_id"]], 1)
    assert len((await ok(client, "GET", BATCHES))["results"]) == 2
    assert (await ok(client, "GET", f"{BATCHES}?search=APART"))["results"][0]["batch_name"] == "kept apart"
    narrowed = await ok(client, "POST", "/v1/batches/list")
    assert {each["batch_id"] for each in narrowed["results"]} == {draft["batch_id"], running}
    async with stack.bare_client({"Authorization": f"Bearer {stack.key}"}) as without_namespace:
        found = await ok(without_namespace, "POST", "/v1/batches/list", {"namespace_id": stack.namespace_id})
        assert found["total_count"] == 2
        assert (await ok(without_namespace, "GET", f"/v1/batches/{running}"))["batch_id"] == running
        assert (await ok(without_namespace, "POST", f"/v1/batches/{running}/cancel"))["status"] == "CANCELED"
        assert (await ok(without_namespace, "GET", "/v1/batches/queue"))["active"] >= 0


async def test_metadata_are_merged_logs_told_and_a_batch_forgotten(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    [object_id] = await stored(client)
    batch_id = await submitted(client, [object_id], metadata={"notes": "a"})
    path = f"{BATCHES}/{batch_id}"
    assert (await ok(client, "PATCH", path, {"metadata": {"source": "b"}}))["metadata"] == {"notes": "a", "source": "b"}
    await end(stack, object_id, "FAILED", "NOT_AN_IMAGE: no picture")
    await settle(stack, batch_id, "FAILED")
    lines = (await ok(client, "GET", f"{path}/logs"))["logs"]
    assert {line["level"] for line in lines} == {"info", "error"}
    assert "NOT_AN_IMAGE" in " ".join(line["message"] for line in lines)
    await ok(client, "DELETE", path)
    await refused(client, 404, "GET", path)


async def test_a_trigger_answers_202_with_its_task_and_batches(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    await stored(client)
    response = await client.post(TRIGGER)
    assert response.status_code == 202
    made = response.json()
    assert (made["collection_id"], made["batch_ids"]) == (collection["collection_id"], [made["batch_id"]])
    task = await ok(client, "GET", f"/v1/tasks/{made['task_id']}")
    assert (task["task_type"], task["status"]) == ("api_collections_trigger", "PENDING")
    batch = await ok(client, "GET", f"/v1/batches/{made['batch_id']}")
    assert (batch["status"], batch["task_id"]) == ("PENDING", made["task_id"])


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        ({"source_filters": {"AND": 3}}, 422, "body.source_filters"),
        ({"dedup_strategy": "double"}, 422, "body.dedup_strategy"),
        ({"object_ids": "obj_1"}, 422, "body.object_ids"),
        ({"include_buckets": ["unknown"]}, 404, None),
    ],
)
async def test_a_trigger_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, body: dict[str, Any], status: int, path: str | None
) -> None:
    await set_up(client)
    error = await refused(client, status, "POST", TRIGGER, body)
    assert path is None or error["details"]["path"].startswith(path)


async def test_killing_the_task_of_a_trigger_cancels_its_batch(client: httpx.AsyncClient) -> None:
    await set_up(client)
    made = (await client.post(TRIGGER)).json()
    assert (await ok(client, "DELETE", f"/v1/tasks/{made['task_id']}"))["success"]
    assert (await ok(client, "GET", f"/v1/tasks/{made['task_id']}"))["status"] == "CANCELED"
    assert (await ok(client, "GET", f"/v1/batches/{made['batch_id']}"))["status"] == "CANCELED"


async def test_tasks_are_listed_by_what_is_known_of_them(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    made = (await client.post(TRIGGER)).json()
    chosen = {"AND": [{"field": "task_id", "operator": "eq", "value": made["task_id"]}]}
    body = {"status": "pending", "task_type": "API_COLLECTIONS_TRIGGER", "filters": chosen}
    async with stack.bare_client({"Authorization": f"Bearer {stack.key}"}) as without_namespace:
        found = await ok(without_namespace, "POST", "/v1/tasks/list", body)
        assert [each["task_id"] for each in found["results"]] == [made["task_id"]]
        assert (await ok(without_namespace, "POST", "/v1/tasks/list", body | {"status": "FAILED"}))["results"] == []
        assert (await ok(without_namespace, "GET", f"/v1/tasks?search={made['task_id']}"))["results"]
    await refused(client, 404, "GET", f"/v1/tasks/{new_id('task', 16)}")
    await refused(client, 404, "DELETE", f"/v1/tasks/{new_id('task', 16)}")


async def test_a_whole_bucket_is_submitted_in_pieces(client: httpx.AsyncClient) -> None:
    await set_up(client)
    object_ids = await stored(client, 3)
    made = await ok(client, "POST", f"{BATCHES}/bulk-submit", {"chunk_size": 2})
    assert [each["object_count"] for each in made["batches"]] == [2, 1]
    found = [await ok(client, "GET", f"{BATCHES}/{each['batch_id']}") for each in made["batches"]]
    assert [each["status"] for each in found] == ["PENDING", "PENDING"]
    assert [object_id for each in found for object_id in each["object_ids"]] == object_ids
    assert {each["metadata"]["batch_group_id"] for each in found} == {made["batch_group_id"]}


async def test_a_bucket_is_never_submitted_in_part_without_a_word(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    [object_id] = await stored(client)
    copy = """INSERT INTO objects (object_id, namespace_id, bucket_id)
              SELECT o.object_id || number, namespace_id, bucket_id FROM objects o, generate_series(1, 1000) AS number
              WHERE o.object_id = $1"""
    await stack.gateway.pool.execute(copy, object_id)
    error = await refused(client, 422, "POST", f"{BATCHES}/bulk-submit", {"chunk_size": 1})
    assert error["details"]["path"] == "body.chunk_size"
    assert (await ok(client, "GET", BATCHES))["total_count"] == 0
    assert (await ok(client, "POST", f"{BATCHES}/bulk-submit", {"chunk_size": 1, "max_objects": 2}))["submitted"] == 2
    whole = await ok(client, "POST", f"{BATCHES}/bulk-submit", {"chunk_size": 600})
    assert (whole["total_objects"], whole["total_batches"]) == (1001, 2)


async def test_every_draft_is_submitted(client: httpx.AsyncClient) -> None:
    await set_up(client)
    for object_id in await stored(client, 2):
        await drafted(client, [object_id])
    made = await ok(client, "POST", f"{BATCHES}/submit-all")
    assert (made["submitted"], made["total_objects"]) == (2, 2)
    assert (await ok(client, "POST", f"{BATCHES}/submit-all"))["submitted"] == 0


@pytest.mark.parametrize(("operations", "seen"), [(["read_data"], 1), (["write_data"], 0), (None, 1)])
async def test_a_key_sees_batches_and_tasks_where_it_may_read(
    client: httpx.AsyncClient, stack: Stack, operations: list[str] | None, seen: int
) -> None:
    await set_up(client)
    batch_id = await submitted(client, await stored(client))
    task_id = (await ok(client, "GET", f"{BATCHES}/{batch_id}"))["task_id"]
    key_id, key = await create_key(stack.gateway.pool, "scoped")
    scopes = [{"resource_type": "namespace", "resource_id": stack.namespace_id, "operations": operations}]
    await stack.gateway.pool.execute("UPDATE api_keys SET scopes = $2 WHERE key_id = $1", key_id, scopes)
    async with stack.bare_client({"Authorization": f"Bearer {key}"}) as scoped:
        assert [len((await ok(scoped, "GET", path))["results"]) for path in ("/v1/tasks", "/v1/batches")] == [seen] * 2
        for path in (f"/v1/tasks/{task_id}", f"/v1/batches/{batch_id}"):
            assert (await scoped.get(path)).status_code == (200 if seen else 404)
