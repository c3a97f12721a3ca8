"""Triggers: made, listed, changed, paused, executed; what is wrong is named."""

from typing import Any

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import ok, refused, set_up

pytestmark = pytest.mark.asyncio(loop_scope="session")
TRIGGERS = "/v1/triggers"
DAILY = {"cron_expression": "0 2 * * *", "timezone": "Europe/Berlin"}


def form(trigger_type: str = "cron", schedule: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    """A trigger that processes the tutorial's collection again."""
    action = {"action_type": "collection_trigger", "action_config": {"collection_id": "products_unified"}}
    return {**action, "trigger_type": trigger_type, "schedule_config": schedule or DAILY, **changed}


async def created(client: httpx.AsyncClient, *given: Any, **changed: Any) -> dict[str, Any]:
    trigger: dict[str, Any] = await ok(client, "POST", TRIGGERS, form(*given, **changed))
    return trigger


async def events_of(stack: Stack, trigger_id: str) -> list[str]:
    query = "SELECT event_type FROM events WHERE subject_id = $1 ORDER BY seq"
    return [row["event_type"] for row in await stack.gateway.pool.fetch(query, trigger_id)]


async def test_a_trigger_is_made_with_ids_for_names_and_its_next_time(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    trigger = await created(client, name="nightly", description="again")
    assert trigger["action_config"] == {"collection_id": collection["collection_id"], "dedup_strategy": "replace"}
    assert (trigger["status"], trigger["name"], trigger["execution_count"]) == ("active", "nightly", 0)
    assert trigger["next_scheduled_at"][14:16] == "00"
    assert trigger["is_overdue"] is False
    assert trigger["created_by"].startswith("key_")
    assert await ok(client, "GET", f"{TRIGGERS}/{trigger['trigger_id']}") == trigger


async def test_lists_filter_sort_and_count(client: httpx.AsyncClient) -> None:
    await set_up(client)
    first = await created(client, name="b")
    second = await created(client, "interval", {"interval_seconds": 60}, name="a", status="paused")
    every = await ok(client, "GET", TRIGGERS)
    assert [each["trigger_id"] for each in every["results"]] == [second["trigger_id"], first["trigger_id"]]
    assert (every["total"], every["offset"], every["limit"]) == (2, 0, 50)
    body = {"sort_by": "name", "direction": "asc", "limit": 1, "offset": 1}
    assert [each["name"] for each in (await ok(client, "POST", f"{TRIGGERS}/list", body))["results"]] == ["b"]
    for wanted in ({"status": "paused"}, {"trigger_type": "interval"}):
        assert [each["name"] for each in (await ok(client, "POST", f"{TRIGGERS}/list", wanted))["results"]] == ["a"]
    resource = {"resource_id": first["action_config"]["collection_id"], "action_type": "collection_trigger"}
    assert (await ok(client, "GET", TRIGGERS, params=resource))["total"] == 2
    assert (await ok(client, "POST", f"{TRIGGERS}/list", {"resource_id": "col_none"}))["results"] == []
    assert (await ok(client, "POST", f"{TRIGGERS}/list"))["total"] == 2


async def test_a_change_of_the_schedule_changes_the_next_time(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    trigger = await created(client)
    path = f"{TRIGGERS}/{trigger['trigger_id']}"
    changed = await ok(client, "PATCH", path, {"schedule_config": {"cron_expression": "30 4 1 1 *"}, "name": "yearly"})
    assert changed["next_scheduled_at"][5:16] == "01-01T04:30"
    assert (changed["name"], changed["schedule_config"]["timezone"]) == ("yearly", "UTC")
    assert await events_of(stack, trigger["trigger_id"]) == ["trigger.created", "trigger.updated"]
    assert (await refused(client, 422, "PATCH", path, {"action_config": {}}))["details"]["path"] == "body.action_config"


async def test_pausing_and_resuming_twice_is_as_once(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    trigger = await created(client)
    path = f"{TRIGGERS}/{trigger['trigger_id']}"
    for _ in range(2):
        paused = await ok(client, "POST", f"{path}/pause")
        assert (paused["status"], paused["next_scheduled_at"]) == ("paused", None)
    for _ in range(2):
        resumed = await ok(client, "POST", f"{path}/resume")
        assert (resumed["status"], resumed["next_scheduled_at"]) == ("active", trigger["next_scheduled_at"])
    assert await events_of(stack, trigger["trigger_id"]) == ["trigger.created", "trigger.paused", "trigger.resumed"]
    assert (await ok(client, "PATCH", path, {"status": "disabled"}))["next_scheduled_at"] is None


async def test_executing_now_makes_a_task_and_only_one_at_a_time(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    trigger = await created(client, status="paused")
    path = f"{TRIGGERS}/{trigger['trigger_id']}"
    task = await ok(client, "POST", f"{path}/execute")
    assert (task["task_type"], task["status"]) == ("api_collections_trigger", "PENDING")
    assert task["task_id"] in (await refused(client, 409, "POST", f"{path}/execute"))["message"]
    history = await ok(client, "GET", f"{path}/history")
    assert [(each["task_id"], each["status"]) for each in history["executions"]] == [(task["task_id"], "PENDING")]
    after = await ok(client, "GET", path)
    assert (after["last_execution_task_id"], after["status"]) == (task["task_id"], "paused")
    assert (await events_of(stack, trigger["trigger_id"]))[-1] == "trigger.fired"


async def test_a_deleted_trigger_is_gone_with_its_history(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    path = f"{TRIGGERS}/{(await created(client))['trigger_id']}"
    await ok(client, "POST", f"{path}/execute")
    response = await client.delete(path)
    assert (response.status_code, response.content) == (204, b"")
    await refused(client, 404, "GET", path)
    await refused(client, 404, "GET", f"{path}/history")
    assert (await events_of(stack, path.rsplit("/", 1)[-1]))[-1] == "trigger.deleted"


BAD_SCHEDULES: list[tuple[str, dict[str, Any], str]] = [
    ("cron", {"cron_expression": "61 * * * *"}, "cron_expression"),
    ("cron", {"cron_expression": "0 0 30 2 *"}, "cron_expression"),
    ("cron", {"cron_expression": "* * * * * *"}, "cron_expression"),
    ("cron", {}, "cron_expression"),
    ("cron", {"cron_expression": "0 2 * * *", "timezone": "Mars/Base"}, "timezone"),
    ("cron", {"cron_expression": "0 2 * * *", "timezone": "../../etc/passwd"}, "timezone"),
    ("interval", {"interval_seconds": 1}, "interval_seconds"),
    ("interval", {"interval_seconds": "60"}, "interval_seconds"),
    ("interval", {"interval_seconds": 10**30}, "interval_seconds"),
    ("event", {"event_type": "documents_added"}, "event_threshold"),
    ("event", {"event_type": "moon_landing", "event_threshold": 1}, "event_type"),
    ("event", {"event_type": "documents_added", "event_threshold": 0}, "event_threshold"),
    ("conditional", {"condition_type": "weather", "threshold": 1}, "condition_type"),
    ("conditional", {"condition_type": "drift", "threshold": 0}, "threshold"),
]


@pytest.mark.parametrize(("trigger_type", "schedule", "field"), BAD_SCHEDULES)
async def test_a_schedule_that_cannot_be_kept_is_refused_by_field(
    client: httpx.AsyncClient, trigger_type: str, schedule: dict[str, Any], field: str
) -> None:
    await set_up(client)
    error = await refused(client, 422, "POST", TRIGGERS, {**form(trigger_type), "schedule_config": schedule})
    assert error["details"]["path"] == f"body.schedule_config.{field}"
    assert (await ok(client, "GET", TRIGGERS))["total"] == 0


MISSING: list[tuple[str, dict[str, Any], str]] = [
    ("cluster", {"cluster_id": "clust_x"}, "cluster_id"),
    ("collection_trigger", {"collection_id": "col_x"}, "collection_id"),
    ("taxonomy_enrichment", {"taxonomy_id": "tax_x", "collection_id": "products_unified"}, "taxonomy_id"),
    ("retriever_execution", {"retriever_id": "ret_x"}, "retriever_id"),
    ("alert_evaluation", {"alert_id": "alt_x"}, "alert_id"),
]


@pytest.mark.parametrize(("action_type", "config", "field"), MISSING)
async def test_what_an_action_names_must_be_there(
    client: httpx.AsyncClient, action_type: str, config: dict[str, Any], field: str
) -> None:
    await set_up(client)
    error = await refused(client, 404, "POST", TRIGGERS, form(action_type=action_type, action_config=config))
    assert error["details"]["path"] == f"body.action_config.{field}"


BAD_ACTIONS: list[tuple[str, dict[str, Any], str]] = [
    ("collection_trigger", {}, "collection_id"),
    ("collection_trigger", {"collection_id": "products_unified", "source_filters": {"AND": 7}}, "source_filters"),
    ("cluster", {"cluster_id": "c", "mode": "composite"}, "mode"),
    ("retriever_execution", {"retriever_id": "r", "acceptance": {"min_results": -1}}, "acceptance.min_results"),
    ("retriever_execution", {"retriever_id": "r", "notification_config": {"channels": []}}, "notification_config"),
]


@pytest.mark.parametrize(("action_type", "config", "field"), BAD_ACTIONS)
async def test_an_action_that_cannot_be_done_is_refused_by_field(
    client: httpx.AsyncClient, action_type: str, config: dict[str, Any], field: str
) -> None:
    await set_up(client)
    error = await refused(client, 422, "POST", TRIGGERS, form(action_type=action_type, action_config=config))
    assert error["details"]["path"].startswith(f"body.action_config.{field}")


async def test_unknown_types_and_states_are_refused(client: httpx.AsyncClient) -> None:
    await set_up(client)
    for name, value in (("action_type", "dance"), ("trigger_type", "moon"), ("status", "failed")):
        error = await refused(client, 422, "POST", TRIGGERS, {**form(), name: value})
        assert error["details"]["path"] == f"body.{name}"
    assert (await refused(client, 422, "POST", f"{TRIGGERS}/list", {"sort_by": "1; DROP"}))["details"]["path"] == (
        "body.sort_by"
    )


async def test_events_of_objects_are_counted_in_the_buckets_of_a_collection(
    client: httpx.AsyncClient, stack: Stack
) -> None:
    collection = await set_up(client)
    trigger = await created(client, "event", {"event_type": "objects_added", "event_threshold": 5})
    query = "SELECT watched_ids FROM triggers WHERE trigger_id = $1 AND event_type = 'object.created'"
    watched = await stack.gateway.pool.fetchval(query, trigger["trigger_id"])
    assert watched == collection["source"]["bucket_ids"]
    assert (trigger["schedule_config"]["collection_id"], trigger["event_counter"]) == (collection["collection_id"], 0)


HOSTILE: list[dict[str, Any]] = [
    {"name": "a\0b"},
    {"description": ["x"]},
    {"name": "x" * 300},
    {"action_config": {"collection_id": "products_unified", "source_filters": {"a\0": "b\0"}}},
    {"action_config": {"collection_id": "products_unified", "include_buckets": [{}]}},
    {"action_config": {"collection_id": "a\0b"}},
    {"action_config": []},
    {"schedule_config": {"cron_expression": "* * * * *\0"}},
    {"schedule_config": {"cron_expression": "* * * * " + "1," * 120 + "1"}},
    {"schedule_config": {"cron_expression": {"a": 1}, "timezone": 7}},
    {"trigger_type": "interval", "schedule_config": {"interval_seconds": -(10**18)}},
    {"trigger_type": "event", "schedule_config": {"event_type": "documents_added", "event_threshold": 10**18}},
    {"trigger_type": "conditional", "schedule_config": {"condition_type": {}, "threshold": "1e400", "metric": []}},
    {"action_type": "batch_rerun", "action_config": {"batch_id": "x" * 256, "filters": {"AND": "x"}}},
    {"action_type": "retriever_execution", "action_config": {"retriever_id": "\0", "inputs": {"a": "\0"}}},
]


@pytest.mark.parametrize("odd", HOSTILE)
async def test_what_makes_no_sense_is_refused(client: httpx.AsyncClient, odd: dict[str, Any]) -> None:
    await set_up(client)
    response = await client.post(TRIGGERS, json={**form(), **odd})
    assert response.status_code in (404, 422), response.text
    assert (await ok(client, "GET", TRIGGERS))["total"] == 0


@pytest.mark.parametrize(
    "query", ["offset=-1", "limit=0", "limit=1001", "offset=9999999999999", "direction=up", "status=x"]
)
async def test_pages_that_cannot_be_are_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"{TRIGGERS}?{query}")).status_code == 422
    name, value = query.split("=")
    body = {name: int(value) if value.lstrip("-").isdigit() else value}
    assert (await client.post("/v1/clusters/triggers/list", json=body)).status_code == 422


async def test_in_a_namespace_that_is_not_there_a_list_is_empty(stack: Stack) -> None:
    async with stack.client("nowhere") as client:
        assert (await ok(client, "GET", TRIGGERS))["results"] == []
        assert (await ok(client, "POST", "/v1/clusters/triggers/list"))["results"] == []
