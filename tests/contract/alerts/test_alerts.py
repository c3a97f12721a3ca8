"""Alerts over REST: the tutorial's two calls, every spelling, and what is refused."""

from typing import Any

import httpx
import pytest

from services.common.secrets.encryption import new_key
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import ok, refused
from tests.support.tutorial.clusters_alerts_webhooks import ALERT, RETRIEVER_OF_UNLABELED

pytestmark = pytest.mark.asyncio(loop_scope="session")
URL = "https://example.com/webhook"
CHANNEL: dict[str, Any] = {"channel_type": "webhook", "config": {"url": URL}}
SYSTEM: dict[str, Any] = {
    "name": "failing",
    "source": "system",
    "system_condition": {"type": "batch_failed", "params": {"window_minutes": 5}},
    "notification_config": {"channels": [CHANNEL]},
}


async def make_alert(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    """The tutorial's retriever, and its alert with the id that the answer gave, with changes."""
    retriever = await ok(client, "POST", "/v1/retrievers", RETRIEVER_OF_UNLABELED)
    made: dict[str, Any] = await ok(
        client, "POST", "/v1/alerts", {**ALERT, "retriever_id": retriever["retriever_id"], **changes}
    )
    return made


async def events(stack: Stack) -> list[str]:
    """The types of the namespace's events about alerts, in order."""
    sql = "SELECT event_type FROM events WHERE namespace_id = $1 AND subject_type = 'alert' ORDER BY seq"
    return [row["event_type"] for row in await stack.gateway.pool.fetch(sql, stack.namespace_id)]


async def test_the_tutorials_two_calls(client: httpx.AsyncClient, stack: Stack) -> None:
    alert = await make_alert(client)
    assert alert["alert_id"].startswith("alt_")
    assert {name: alert[name] for name in ("name", "source", "trigger_on")} == {
        name: ALERT[name] for name in ("name", "source", "trigger_on")
    }
    assert alert["notification_config"]["channels"][0]["config"]["url"] == URL
    assert (alert["enabled"], alert["status"], alert["is_raised"]) == (True, "active", False)
    assert (alert["notification_config"]["include_matches"], alert["cooldown_seconds"]) == (True, 0)
    assert await events(stack) == ["alert.created"]


@pytest.mark.parametrize("identifier", ["unlabeled-products", "ret_unlabeled-products"])
async def test_a_retriever_may_be_named(client: httpx.AsyncClient, identifier: str) -> None:
    retriever = await ok(client, "POST", "/v1/retrievers", RETRIEVER_OF_UNLABELED)
    alert = await ok(client, "POST", "/v1/alerts", {**ALERT, "retriever_id": identifier})
    assert alert["retriever_id"] == retriever["retriever_id"]


async def test_the_older_form_without_source_runs_a_retriever_and_fires_on_results(client: httpx.AsyncClient) -> None:
    await ok(client, "POST", "/v1/retrievers", RETRIEVER_OF_UNLABELED)
    old = {name: ALERT[name] for name in ("name", "notification_config")}
    alert = await ok(client, "POST", "/v1/alerts", {**old, "retriever_id": "unlabeled-products"})
    assert (alert["source"], alert["trigger_on"]) == ("retriever", "results")


async def test_an_alert_is_read_listed_changed_and_deleted_by_id_and_by_name(
    client: httpx.AsyncClient, stack: Stack
) -> None:
    made = await make_alert(client)
    for identifier in (made["alert_id"], made["name"], f"alt_{made['name']}"):
        assert await ok(client, "GET", f"/v1/alerts/{identifier}") == made
    patch = {"cooldown_seconds": 60, "min_count": 3, "metadata": {"team": "a"}}
    changed = await ok(client, "PATCH", f"/v1/alerts/{made['name']}", patch)
    assert {name: changed[name] for name in patch} == patch
    removed = await ok(client, "PATCH", f"/v1/alerts/{made['name']}", {"min_count": None, "enabled": None})
    assert (removed["min_count"], removed["enabled"], removed["cooldown_seconds"]) == (None, True, 60)
    assert (await ok(client, "DELETE", f"/v1/alerts/{made['name']}"))["alert_id"] == made["alert_id"]
    await refused(client, 404, "GET", f"/v1/alerts/{made['alert_id']}")
    assert await events(stack) == ["alert.created", "alert.updated", "alert.updated", "alert.deleted"]


async def test_lists_are_counted_searched_filtered_and_sorted(client: httpx.AsyncClient) -> None:
    await make_alert(client, description="things nobody knows")
    await ok(client, "POST", "/v1/alerts", {**SYSTEM, "enabled": False})
    for method, path in (("GET", "/v1/alerts"), ("POST", "/v1/alerts/list")):
        listed = await ok(client, method, path)
        assert [alert["name"] for alert in listed["results"]] == ["unknown-products", "failing"]
        assert listed["total_count"] == 2
        stats = {"total_alerts": 2, "enabled_alerts": 1, "disabled_alerts": 1, "alerts_by_channel_type": {"webhook": 2}}
        assert listed["stats"] == stats
    for body, names in (
        ({"search": "nobody"}, ["unknown-products"]),
        ({"filters": {"AND": [{"field": "source", "operator": "eq", "value": "system"}]}}, ["failing"]),
        ({"sort": {"field": "name", "direction": "asc"}}, ["failing", "unknown-products"]),
        ({"limit": 1}, ["unknown-products"]),
    ):
        found = await ok(client, "POST", "/v1/alerts/list", body)
        assert [alert["name"] for alert in found["results"]] == names


async def test_a_name_is_taken_once(client: httpx.AsyncClient) -> None:
    made = await make_alert(client)
    error = await refused(client, 409, "POST", "/v1/alerts", {**ALERT, "retriever_id": made["retriever_id"]})
    assert error["type"] == "AlreadyExistsError"
    await ok(client, "POST", "/v1/alerts", SYSTEM)
    await refused(client, 409, "PATCH", "/v1/alerts/failing", {"name": "unknown-products"})


def channel(**given: Any) -> dict[str, Any]:
    """The change of a body that gives it this one channel."""
    return {"notification_config": {"channels": [given]}}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"retriever_id": None}, "body.retriever_id"),
        ({"source": "system"}, "body.retriever_id"),
        ({"source": "system", "retriever_id": None}, "body.system_condition"),
        ({"system_condition": {"type": "batch_failed"}}, "body.system_condition"),
        ({"trigger_on": "sometimes"}, "body.trigger_on"),
        ({"min_count": 0}, "body.min_count"),
        ({"threshold": {"field": "score", "operator": "like", "value": 1}}, "body.threshold.operator"),
        ({"threshold": {"field": "score", "operator": "gt"}}, "body.threshold.value"),
        ({"cooldown_seconds": 2_592_001}, "body.cooldown_seconds"),
        ({"renotify_interval_seconds": 59}, "body.renotify_interval_seconds"),
        ({"name": ""}, "body.name"),
        ({"notification_config": {"channels": []}}, "body.notification_config.channels"),
        (channel(channel_type="batch", config={}), "body.notification_config.channels.0.channel_type"),
        (channel(channel_type="pigeon", config={}), "body.notification_config.channels.0.channel_type"),
        (channel(channel_type="webhook"), "body.notification_config.channels.0.config.url"),
        (channel(channel_type="webhook", channel_id="ch_1"), "body.notification_config.channels.0.channel_id"),
        (
            channel(channel_type="webhook", config={"url": "http://127.0.0.1/"}),
            "body.notification_config.channels.0.config.url",
        ),
        (channel(channel_type="email", config={}), "body.notification_config.channels.0.config.to_addresses"),
        (
            {"notification_config": {"channels": [CHANNEL], "template_id": "tpl_1"}},
            "body.notification_config.template_id",
        ),
        ({"namespace_selector": {"mode": "all"}}, "body.namespace_selector.mode"),
        ({"namespace_selector": {"namespace_ids": ["ns_other"]}}, "body.namespace_selector.namespace_ids.0"),
    ],
)
async def test_what_is_wrong_is_named(client: httpx.AsyncClient, change: dict[str, Any], path: str) -> None:
    await ok(client, "POST", "/v1/retrievers", RETRIEVER_OF_UNLABELED)
    error = await refused(client, 422, "POST", "/v1/alerts", {**ALERT, "retriever_id": "unlabeled-products", **change})
    assert error["details"]["path"] == path


@pytest.mark.parametrize(
    ("condition", "path"),
    [
        ({"type": "budget_threshold"}, "body.system_condition.type"),
        ({"type": "collection_drift"}, "body.system_condition.type"),
        ({"type": "weather"}, "body.system_condition.type"),
        ({"type": "batch_failed", "params": {"window_minutes": 0}}, "body.system_condition.params.window_minutes"),
        ({"type": "batch_failed", "params": {"windows": 1}}, "body.system_condition.params.windows"),
        (
            {"type": "collection_empty", "params": {"collection_ids": "all"}},
            "body.system_condition.params.collection_ids",
        ),
    ],
)
async def test_a_system_condition_that_cannot_be_watched_is_refused(
    client: httpx.AsyncClient, condition: dict[str, Any], path: str
) -> None:
    error = await refused(client, 422, "POST", "/v1/alerts", {**SYSTEM, "system_condition": condition})
    assert error["details"]["path"] == path


async def test_what_does_not_exist_is_404(client: httpx.AsyncClient) -> None:
    error = await refused(client, 404, "POST", "/v1/alerts", {**ALERT, "retriever_id": "ret_nothing"})
    assert error["details"]["path"] == "body.retriever_id"
    for kind, name in (("collection_stale", "collection_ids"), ("retriever_latency", "retriever_id")):
        params = {name: ["nothing"] if name == "collection_ids" else "nothing"}
        await refused(
            client, 404, "POST", "/v1/alerts", {**SYSTEM, "system_condition": {"type": kind, "params": params}}
        )
    await make_alert(client)
    await refused(client, 404, "PATCH", "/v1/alerts/unknown-products", {"retriever_id": "ret_nothing"})


async def test_the_own_namespace_may_be_selected(client: httpx.AsyncClient, stack: Stack) -> None:
    selector = {"mode": "selected", "namespace_ids": [f"{stack.namespace_id}_name"]}
    made = await ok(client, "POST", "/v1/alerts", {**SYSTEM, "namespace_selector": selector})
    assert made["namespace_selector"] == {"mode": "selected", "namespace_ids": [stack.namespace_id]}


async def test_a_signing_secret_is_sealed_kept_and_never_shown(stack: Stack) -> None:
    sealed = stack.with_settings(secrets_key=new_key())
    async with sealed.client() as client:
        made = await make_alert(client, **channel(channel_type="webhook", config={"url": URL, "signing_secret": "s3"}))
        assert made["notification_config"]["channels"][0]["config"]["signing_secret"] == "redacted"
        shown = {"notification_config": made["notification_config"]}
        changed = await ok(client, "PATCH", f"/v1/alerts/{made['alert_id']}", shown)
        assert changed["notification_config"] == made["notification_config"]
    sql = "SELECT notification_config FROM alerts WHERE alert_id = $1"
    stored = await stack.gateway.pool.fetchval(sql, made["alert_id"])
    config = stored["channels"][0]["config"]
    assert "signing_secret" not in config
    assert config["sealed_secret"]


async def test_a_change_of_what_is_watched_starts_anew_and_others_do_not(
    client: httpx.AsyncClient, stack: Stack
) -> None:
    made = await make_alert(client)
    path = f"/v1/alerts/{made['alert_id']}"
    raise_it = "UPDATE alerts SET is_raised = true, is_told = true, fault = 'x' WHERE alert_id = $1"
    for patch, raised in (
        ({"name": "other", "cooldown_seconds": 5}, True),
        ({"trigger_on": "results"}, True),
        ({"trigger_on": "no_results"}, False),
        ({"min_count": 2}, False),
        ({"enabled": False}, False),
    ):
        await stack.gateway.pool.execute(raise_it, made["alert_id"])
        assert (await ok(client, "PATCH", path, patch))["is_raised"] is raised
    assert (await ok(client, "GET", path))["status"] == "disabled"
