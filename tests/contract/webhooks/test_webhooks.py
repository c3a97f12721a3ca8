"""Webhooks over REST: the tutorial's call, what is refused, and lists."""

import re
from typing import Any

import httpx
import pytest

from services.common.events.event_types import EventType
from services.common.ids import new_id
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import ok, refused
from tests.support.gateway.webhook_forms import URL, WEBHOOKS, body, channel

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_tutorials_call_makes_a_webhook(owner: httpx.AsyncClient) -> None:
    given = {
        "webhook_name": "labeling-events",
        "event_types": ["object.created", "object.updated"],
        "channels": [{"channel": "webhook", "configs": {"url": URL, "method": "POST"}}],
    }
    made = await ok(owner, "POST", WEBHOOKS, given)
    assert re.fullmatch(r"wh_[a-f0-9]{16}", made["webhook_id"])
    assert {name: made[name] for name in ("webhook_name", "event_types")} == {
        name: given[name] for name in ("webhook_name", "event_types")
    }
    assert made["channels"] == [{"channel": "webhook", "configs": {"url": URL, "method": "POST", "timeout": 10.0}}]
    assert made["is_active"] is True
    assert made["delivery_health"] == {
        "consecutive_failures": 0,
        "first_failure_at": None,
        "last_failure_at": None,
        "last_failure_cause": None,
        "paused_at": None,
        "paused_reason": None,
        "pending": 0,
    }
    for identifier in (made["webhook_id"], "labeling-events", "wh_labeling-events"):
        assert await ok(owner, "GET", f"{WEBHOOKS}/{identifier}") == made
    assert await ok(owner, "POST", f"{WEBHOOKS}/list/", {}) is not None


async def test_a_name_is_taken_once(owner: httpx.AsyncClient) -> None:
    given, other = body(), body()
    await ok(owner, "POST", WEBHOOKS, given)
    made = await ok(owner, "POST", WEBHOOKS, other)
    assert (await refused(owner, 409, "POST", WEBHOOKS, given))["type"] == "AlreadyExistsError"
    await refused(owner, 409, "PUT", f"{WEBHOOKS}/{made['webhook_id']}", given)


async def test_a_deleted_webhook_is_gone(owner: httpx.AsyncClient) -> None:
    made = await ok(owner, "POST", WEBHOOKS, body())
    response = await owner.delete(f"{WEBHOOKS}/{made['webhook_name']}")
    assert (response.status_code, response.content) == (204, b"")
    assert (await refused(owner, 404, "GET", f"{WEBHOOKS}/{made['webhook_id']}"))["details"]["resource"] == "webhook"


async def test_lists_are_filtered_and_counted(owner: httpx.AsyncClient) -> None:
    mark = new_id("list")
    for number, kind in enumerate(("alert.triggered", "cluster.created", "cluster.created")):
        name = f"{mark}-{number}"
        await ok(owner, "POST", WEBHOOKS, body(webhook_name=name, event_types=[kind], is_active=number != 2))

    async def names(**asked: Any) -> list[str]:
        listed = await ok(owner, "POST", f"{WEBHOOKS}/list", {"search": mark, **asked})
        assert listed["total"] >= 3
        return [each["webhook_name"].removeprefix(mark) for each in listed["results"]]

    assert await names() == ["-0", "-1", "-2"]
    assert await names(event_type="cluster.created") == ["-1", "-2"]
    assert await names(event_type="cluster.created", is_active=True) == ["-1"]
    assert await names(is_active=False) == ["-2"]
    assert await names(sort={"field": "webhook_name", "direction": "desc"}, limit=1) == ["-2"]
    assert await names(filters={"field": "channels", "operator": "exists", "value": True}) == []
    response = await owner.post(f"{WEBHOOKS}/list")
    assert response.status_code == 200


async def test_a_star_stands_for_every_event(owner: httpx.AsyncClient) -> None:
    made = await ok(owner, "POST", WEBHOOKS, body(event_types=["*"]))
    assert made["event_types"] == [each.value for each in EventType]


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"event_types": ["object.created", "batch.completed"]}, "body.event_types.1"),
    ({"event_types": []}, "body.event_types"),
    ({"webhook_name": ""}, "body.webhook_name"),
    ({"webhook_name": "a\x00b"}, "body.webhook_name"),
    ({"webhook_name": "x" * 201}, "body.webhook_name"),
    ({"resource_types": ["objcet"]}, "body.resource_types.0"),
    ({"namespace_ids": []}, "body.namespace_ids"),
    ({"channels": []}, "body.channels"),
    ({"channels": channel() * 21}, "body.channels"),
    ({"channels": [{"channel": "pigeon", "configs": {}}]}, "body.channels.0.channel"),
    ({"channels": [*channel(), {"channel": "slack", "configs": {"url": URL}}]}, "body.channels.1.configs.webhook_url"),
    ({"channels": channel(url="ftp://example.com")}, "body.channels.0.configs.url"),
    ({"channels": channel(url="https://")}, "body.channels.0.configs.url"),
    ({"channels": channel(url="http://127.0.0.1/hook")}, "body.channels.0.configs.url"),
    ({"channels": channel(url="http://[::ffff:10.0.0.1]/")}, "body.channels.0.configs.url"),
    ({"channels": channel(url="http://169.254.169.254/latest")}, "body.channels.0.configs.url"),
    ({"channels": channel(method="GET")}, "body.channels.0.configs.method"),
    ({"channels": channel(timeout=31)}, "body.channels.0.configs.timeout"),
    ({"channels": channel(timeout="soon")}, "body.channels.0.configs.timeout"),
    ({"channels": channel(headers={"X-A": "b\r\nX-C: d"})}, "body.channels.0.configs.headers.X-A"),
    ({"channels": channel(headers={"webhook-id": "1"})}, "body.channels.0.configs.headers.webhook-id"),
    (
        {"channels": channel(headers={"X-Mixpeek-Signature": "1"})},
        "body.channels.0.configs.headers.X-Mixpeek-Signature",
    ),
    ({"channels": channel(headers={"Host": "internal"})}, "body.channels.0.configs.headers.Host"),
    ({"channels": channel(payload_template={"a": ["{{ nope( }}"]})}, "body.channels.0.configs.payload_template.a.0"),
    ({"channels": channel(signing_secret="redacted")}, "body.channels.0.configs.signing_secret"),
    ({"channels": [{"channel": "email", "configs": {"to_addresses": []}}]}, "body.channels.0.configs.to_addresses"),
    (
        {"channels": [{"channel": "email", "configs": {"to_addresses": ["a@b.example", "a b"]}}]},
        "body.channels.0.configs.to_addresses.1",
    ),
]


@pytest.mark.parametrize(
    ("changed", "path"), FAULTS, ids=[f"{number}-{path}" for number, (_, path) in enumerate(FAULTS)]
)
async def test_a_fault_is_refused_with_its_place(owner: httpx.AsyncClient, changed: dict[str, Any], path: str) -> None:
    assert (await refused(owner, 422, "POST", WEBHOOKS, body(**changed)))["details"]["path"] == path


async def test_private_networks_are_reached_where_the_operator_allows(stack: Stack) -> None:
    async with stack.with_settings(fetch_allow="10.0.0.0/8").client() as client:
        await ok(client, "POST", WEBHOOKS, body(channels=channel(url="http://10.1.2.3/hook")))
        await refused(client, 422, "POST", WEBHOOKS, body(channels=channel(url="http://192.168.0.1/hook")))


async def test_slack_and_email_channels_are_kept(owner: httpx.AsyncClient) -> None:
    channels = [
        {"channel": "slack", "configs": {"webhook_url": "https://hooks.slack.example/T/B", "username": "likeness"}},
        {"channel": "email", "configs": {"to_addresses": ["ops@example.com"], "content_type": "html"}},
    ]
    made = await ok(owner, "POST", WEBHOOKS, body(channels=channels))
    assert made["channels"] == channels
