"""What becomes of deliveries: pauses, tests, lists and replays, and which keys may have them."""

from typing import Any

import httpx
import pytest

from services.common.database.api_keys import create_key
from services.common.ids import new_id
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import ok, refused
from tests.support.gateway.webhook_forms import WEBHOOKS, body, channel

pytestmark = pytest.mark.asyncio(loop_scope="session")


PAUSED, SWITCHED_OFF = "paused_at = now()", "is_active = false"


@pytest.mark.parametrize("state", [PAUSED, SWITCHED_OFF])
async def test_a_webhook_that_failed_is_not_active_until_it_is_resumed_or_put(
    sealing: Stack, owner: httpx.AsyncClient, state: str
) -> None:
    fail = f"""UPDATE webhooks SET {state}, paused_reason = 'it fails', consecutive_failures = 60,
        first_failure_at = now(), last_failure_at = now(), last_failure_cause = 'HTTP 500' WHERE webhook_id = $1"""
    given = body()
    made = await ok(owner, "POST", WEBHOOKS, given)
    path = f"{WEBHOOKS}/{made['webhook_id']}"
    for method, place, sent in (("POST", f"{path}/resume", None), ("PUT", path, given | {"is_active": True})):
        await sealing.gateway.pool.execute(fail, made["webhook_id"])
        paused = await ok(owner, "GET", path)
        assert (paused["is_active"], paused["delivery_health"]["paused_reason"]) == (False, "it fails")
        resumed = await ok(owner, method, place, sent)
        assert resumed["is_active"] is True
        assert resumed["delivery_health"] == made["delivery_health"]


async def test_a_test_event_reaches_the_webhook_that_is_tested_alone(sealing: Stack, owner: httpx.AsyncClient) -> None:
    made = await ok(owner, "POST", WEBHOOKS, body(channels=channel() * 2))
    path = f"{WEBHOOKS}/{made['webhook_id']}"
    sent = await ok(owner, "POST", f"{path}/test")
    listed = await ok(owner, "POST", f"{path}/deliveries/list")
    assert [each["delivery_id"] for each in listed["results"]] == sent["delivery_ids"]
    assert {each["event_id"] for each in listed["results"]} == {sent["event_id"]}
    first = listed["results"][0]
    assert (first["event_type"], first["status"], first["channel"]) == ("webhook.test", "pending", 0)
    assert first["subject"] == {"type": "webhook", "id": made["webhook_id"]}
    assert (await ok(owner, "GET", path))["delivery_health"]["pending"] == 2
    await sealing.gateway.pool.execute(
        "UPDATE deliveries SET status = 'failed', ended_at = now(), error = 'refused' WHERE delivery_id = $1",
        first["delivery_id"],
    )
    for asked, count in (({"status": "failed"}, 1), ({"event_type": "webhook.test"}, 2), ({"event_type": "x"}, 0)):
        found = await ok(owner, "POST", f"{path}/deliveries/list", asked)
        assert len(found["results"]) == count
    page = await ok(owner, "POST", f"{path}/deliveries/list", {"limit": 1})
    rest = await ok(owner, "POST", f"{path}/deliveries/list", {"cursor": page["pagination"]["next_cursor"]})
    assert [each["delivery_id"] for each in rest["results"]] == sent["delivery_ids"][1:]


async def test_a_replay_is_a_task(owner: httpx.AsyncClient) -> None:
    made = await ok(owner, "POST", WEBHOOKS, body())
    path = f"{WEBHOOKS}/{made['webhook_id']}/replay"
    response = await owner.post(path, json={"status": "failed", "since": "2026-01-01T00:00:00Z"})
    assert response.status_code == 202
    task = await ok(owner, "GET", f"/v1/tasks/{response.json()['task_id']}")
    assert task["inputs"] == [{"webhook_id": made["webhook_id"], "status": "failed", "since": "2026-01-01T00:00:00Z"}]
    faults: list[dict[str, Any]] = [
        {},
        {"status": "pending"},
        {"event_ids": []},
        {"event_ids": ["e"] * 1001},
        {"since": "soon"},
    ]
    for faulty in faults:
        await refused(owner, 422, "POST", path, faulty)


async def scoped(stack: Stack, *namespaces: str) -> httpx.AsyncClient:
    """A client whose key is restricted to namespaces."""
    key_id, key = await create_key(stack.gateway.pool, "scoped")
    scopes = [{"resource_type": "namespace", "resource_id": each, "operations": None} for each in namespaces]
    await stack.gateway.pool.execute("UPDATE api_keys SET scopes = $2 WHERE key_id = $1", key_id, scopes)
    return stack.bare_client({"Authorization": f"Bearer {key}"})


async def test_a_restricted_key_has_webhooks_of_its_namespaces_alone(sealing: Stack, owner: httpx.AsyncClient) -> None:
    own, foreign = sealing.namespace_id, new_id("ns")
    await sealing.gateway.pool.execute(
        "INSERT INTO namespaces (namespace_id, namespace_name) VALUES ($1, $1 || '_name')", foreign
    )
    everywhere = await ok(owner, "POST", WEBHOOKS, body())
    theirs = await ok(owner, "POST", WEBHOOKS, body(namespace_ids=[foreign]))
    both = await ok(owner, "POST", WEBHOOKS, body(namespace_ids=[f"{own}_name", foreign]))
    assert both["namespace_ids"] == [own, foreign]
    async with await scoped(sealing, own) as client:
        made = await ok(client, "POST", WEBHOOKS, body())
        assert made["namespace_ids"] == [own]
        for hidden in (everywhere, theirs, both):
            path = f"{WEBHOOKS}/{hidden['webhook_id']}"
            await refused(client, 404, "GET", path)
            await refused(client, 404, "PUT", path, body())
            await refused(client, 404, "DELETE", path)
            await refused(client, 404, "POST", f"{path}/deliveries/list")
        for wanted in ([foreign], [f"{foreign}_name"], ["ns_nowhere"]):
            error = await refused(client, 404, "POST", WEBHOOKS, body(namespace_ids=wanted))
            assert error["details"]["path"] == "body.namespace_ids.0"
        listed = await ok(client, "POST", f"{WEBHOOKS}/list")
        assert ([each["webhook_id"] for each in listed["results"]], listed["total"]) == ([made["webhook_id"]], 1)
        await ok(client, "PUT", f"{WEBHOOKS}/{made['webhook_id']}", body(namespace_ids=None))
        assert (await ok(client, "GET", f"{WEBHOOKS}/{made['webhook_id']}"))["namespace_ids"] == [own]


async def test_a_key_that_may_only_read_changes_nothing(sealing: Stack, owner: httpx.AsyncClient) -> None:
    path = f"{WEBHOOKS}/{(await ok(owner, 'POST', WEBHOOKS, body()))['webhook_id']}"
    key_id, key = await create_key(sealing.gateway.pool, "reader")
    await sealing.gateway.pool.execute("UPDATE api_keys SET permissions = '{read}' WHERE key_id = $1", key_id)
    async with sealing.bare_client({"Authorization": f"Bearer {key}"}) as reader:
        for place in (f"{WEBHOOKS}/list", f"{path}/deliveries/list"):
            await ok(reader, "POST", place)
        await ok(reader, "GET", path)
        for method, place in (
            ("POST", WEBHOOKS),
            ("PUT", path),
            ("DELETE", path),
            *(("POST", f"{path}/{verb}") for verb in ("rotate-secret", "resume", "replay", "test")),
        ):
            await refused(reader, 403, method, place, body())
