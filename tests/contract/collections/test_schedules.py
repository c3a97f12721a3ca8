"""Schedules of collections, each of which is a trigger of its own."""

from typing import Any

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import ok, refused, set_up
from tests.support.tutorial.option_a import COLLECTION

pytestmark = pytest.mark.asyncio(loop_scope="session")
PATH = "/v1/collections/products_unified"
SCHEDULE = {"trigger_type": "interval", "schedule_config": {"interval_seconds": 3600}, "description": "hourly"}
WATCHING = {"event_type": "documents_added", "event_threshold": 3}


async def scheduled(client: httpx.AsyncClient) -> dict[str, Any]:
    await set_up(client)
    collection: dict[str, Any] = await ok(client, "PATCH", PATH, {"schedule": SCHEDULE})
    return collection


async def test_a_schedule_is_a_trigger_that_processes_the_collection_again(client: httpx.AsyncClient) -> None:
    collection = await scheduled(client)
    trigger = await ok(client, "GET", f"/v1/triggers/{collection['trigger_id']}")
    assert (trigger["action_type"], trigger["description"]) == ("collection_trigger", "hourly")
    assert trigger["action_config"]["collection_id"] == collection["collection_id"]
    task = await ok(client, "POST", f"/v1/triggers/{collection['trigger_id']}/execute")
    assert task["additional_data"]["collection_id"] == collection["collection_id"]


async def test_a_collection_may_be_created_with_a_schedule_and_cloned_with_it(client: httpx.AsyncClient) -> None:
    await set_up(client)
    body = {**COLLECTION, "collection_name": "nightly", "taxonomy": None, "schedule": SCHEDULE}
    made = await ok(client, "POST", "/v1/collections", body)
    clone = await ok(client, "POST", "/v1/collections/nightly/clone", {"collection_name": "copy"})
    ids = {made["trigger_id"], clone["collection"]["trigger_id"]}
    listed = await ok(client, "GET", "/v1/triggers")
    assert {each["trigger_id"] for each in listed["results"]} == ids
    assert len(ids) == 2


async def test_changing_it_keeps_the_trigger_and_taking_it_away_deletes_it(client: httpx.AsyncClient) -> None:
    collection = await scheduled(client)
    changed = {"trigger_type": "cron", "schedule_config": {"cron_expression": "0 3 * * *"}}
    after = await ok(client, "PATCH", PATH, {"schedule": changed})
    assert after["trigger_id"] == collection["trigger_id"]
    trigger = await ok(client, "GET", f"/v1/triggers/{after['trigger_id']}")
    assert (trigger["trigger_type"], trigger["next_scheduled_at"][11:16]) == ("cron", "03:00")
    without = await ok(client, "PATCH", PATH, {"schedule": None})
    assert (without["schedule"], without["trigger_id"]) == (None, None)
    await refused(client, 404, "GET", f"/v1/triggers/{after['trigger_id']}")


async def test_the_trigger_may_be_paused_but_is_changed_through_its_collection(client: httpx.AsyncClient) -> None:
    path = f"/v1/triggers/{(await scheduled(client))['trigger_id']}"
    assert (await ok(client, "POST", f"{path}/pause"))["status"] == "paused"
    assert "PATCH /collections" in (await refused(client, 400, "DELETE", path))["message"]
    await refused(client, 400, "PATCH", path, {"schedule_config": {"interval_seconds": 60}})


async def test_a_schedule_that_cannot_be_kept_changes_nothing(client: httpx.AsyncClient) -> None:
    collection = await scheduled(client)
    bad = {"trigger_type": "cron", "schedule_config": {"cron_expression": "never"}}
    error = await refused(client, 422, "PATCH", PATH, {"schedule": bad, "description": "changed"})
    assert error["details"]["path"] == "body.schedule.schedule_config.cron_expression"
    error = await refused(
        client, 422, "POST", "/v1/collections", {**COLLECTION, "collection_name": "bad", "schedule": bad}
    )
    assert error["details"]["path"] == "body.schedule.schedule_config.cron_expression"
    assert await ok(client, "GET", PATH) == collection
    assert (await ok(client, "GET", "/v1/collections"))["total_count"] == 1


async def test_a_deleted_collection_takes_its_schedule_along_and_says_so_to_others(
    client: httpx.AsyncClient, stack: Stack
) -> None:
    owned = (await scheduled(client))["trigger_id"]
    action = {"action_type": "retriever_execution", "action_config": {"retriever_id": "products_unified_classifier"}}
    inputs = {**action["action_config"], "inputs": {"query_image": "x"}}  # type: ignore[dict-item]
    schedule = {**WATCHING, "collection_id": "products_unified"}
    body = {**action, "action_config": inputs, "trigger_type": "event", "schedule_config": schedule}
    watching = (await ok(client, "POST", "/v1/triggers", body))["trigger_id"]
    await ok(client, "DELETE", PATH)
    await refused(client, 404, "GET", f"/v1/triggers/{owned}")
    left = await ok(client, "GET", f"/v1/triggers/{watching}")
    assert (left["status"], left["next_scheduled_at"]) == ("failed", None)
    assert "was deleted" in left["last_execution_error"]
    events = "SELECT event_type FROM events WHERE subject_id = $1 ORDER BY seq"
    assert [row["event_type"] for row in await stack.gateway.pool.fetch(events, owned)] == [
        "trigger.created",
        "trigger.deleted",
    ]
