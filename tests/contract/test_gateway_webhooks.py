"""Webhooks over REST: the tutorial's call, secrets that nobody is shown, keys that see their namespaces alone."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio
from cryptography.fernet import Fernet
from standardwebhooks import Webhook as Receiver

from services.common.channel_secrets import signing_secrets
from services.common.database.keys import create_key
from services.common.event_types import EventType
from services.common.ids import new_id
from services.common.sealing import Sealer
from tests.support.gateway import Stack
from tests.support.rest import ok, refused

pytestmark = pytest.mark.asyncio(loop_scope="session")

WEBHOOKS = "/v1/organizations/webhooks"
URL = "https://example.com/webhook"
KEY = Fernet.generate_key().decode()
SECRET = "not for anybody's eyes"


def body(**changed: Any) -> dict[str, Any]:
    """The tutorial's, under a name of its own."""
    return {
        "webhook_name": new_id("labeling-events"),
        "event_types": ["object.created", "object.updated"],
        "channels": [{"channel": "webhook", "configs": {"url": URL, "method": "POST"}}],
        **changed,
    }


def channel(**configs: Any) -> list[dict[str, Any]]:
    return [{"channel": "webhook", "configs": {"url": URL, **configs}}]


@pytest.fixture
def sealing(stack: Stack) -> Stack:
    """A stack that can store secrets."""
    return stack.with_settings(secrets_key=KEY)


@pytest_asyncio.fixture(loop_scope="session")
async def owner(sealing: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """Of the organization; sends no X-Namespace, as the client does not."""
    async with sealing.bare_client({"Authorization": f"Bearer {sealing.key}"}) as client:
        yield client


async def scoped(stack: Stack, *namespaces: str) -> httpx.AsyncClient:
    """A client whose key is restricted to namespaces."""
    key_id, key = await create_key(stack.gateway.pool, "scoped")
    scopes = [{"resource_type": "namespace", "resource_id": each, "operations": None} for each in namespaces]
    await stack.gateway.pool.execute("UPDATE api_keys SET scopes = $2 WHERE key_id = $1", key_id, scopes)
    return stack.bare_client({"Authorization": f"Bearer {key}"})


async def stored_secrets(stack: Stack, webhook_id: str) -> tuple[str, ...]:
    """The secrets that sign a webhook's deliveries, as the worker would open them."""
    channels = await stack.gateway.pool.fetchval("SELECT channels FROM webhooks WHERE webhook_id = $1", webhook_id)
    return signing_secrets(channels[0]["configs"], Sealer(KEY), datetime.now(UTC))


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


async def test_a_secret_is_sealed_and_shown_to_nobody(
    sealing: Stack, owner: httpx.AsyncClient, capfd: pytest.CaptureFixture[str]
) -> None:
    given = body(channels=channel(signing_secret=SECRET))
    answers = [response := await owner.post(WEBHOOKS, json=given)]
    webhook_id = response.json()["webhook_id"]
    assert response.json()["channels"][0]["configs"]["signing_secret"] == "redacted"
    answers.append(await owner.get(f"{WEBHOOKS}/{webhook_id}"))
    answers.append(await owner.post(f"{WEBHOOKS}/list", json={"search": webhook_id}))
    answers.append(await owner.put(f"{WEBHOOKS}/{webhook_id}", json=given))
    answers.append(await owner.post(WEBHOOKS, json=given))
    answers.append(await owner.post(WEBHOOKS, json=body(channels=channel(signing_secret=SECRET, timeout=99))))
    stored = await sealing.gateway.pool.fetchval("SELECT w::text FROM webhooks w WHERE webhook_id = $1", webhook_id)
    logged = capfd.readouterr()
    for text in (*(each.text for each in answers), stored, logged.out, logged.err):
        assert SECRET not in text
        assert "sealed" not in text or text == stored
    assert await stored_secrets(sealing, webhook_id) == (SECRET,)


async def test_without_a_key_a_secret_is_refused_and_nothing_else_is(stack: Stack) -> None:
    async with stack.with_settings(secrets_key="").client() as client:
        error = await refused(client, 422, "POST", WEBHOOKS, body(channels=channel(signing_secret=SECRET)))
        assert "LIKENESS_SECRETS_KEY" in error["message"]
        assert error["details"]["path"] == "body.channels.0.configs.signing_secret"
        await ok(client, "POST", WEBHOOKS, body())


async def test_a_put_replaces_all_but_what_it_cannot_know(sealing: Stack, owner: httpx.AsyncClient) -> None:
    namespace = sealing.namespace_id
    given = body(channels=channel(signing_secret=SECRET), resource_types=["object"], namespace_ids=[namespace])
    webhook_id = (await ok(owner, "POST", WEBHOOKS, given))["webhook_id"]
    other = {"webhook_name": new_id("other"), "event_types": ["alert.triggered"], "channels": channel(method="PUT")}
    replaced = await ok(owner, "PUT", f"{WEBHOOKS}/{webhook_id}", other)
    assert (replaced["webhook_name"], replaced["event_types"]) == (other["webhook_name"], ["alert.triggered"])
    assert (replaced["resource_types"], replaced["namespace_ids"]) == (None, [namespace])
    assert replaced["channels"][0]["configs"]["method"] == "PUT"
    assert await stored_secrets(sealing, webhook_id) == (SECRET,)
    widened = await ok(owner, "PUT", f"{WEBHOOKS}/{webhook_id}", {**other, "namespace_ids": None})
    assert widened["namespace_ids"] is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [("redacted", (SECRET,)), (None, (SECRET,)), ("", ()), ("another", ("another", SECRET))],
)
async def test_an_update_keeps_removes_or_changes_the_secret(
    sealing: Stack, owner: httpx.AsyncClient, given: str | None, expected: tuple[str, ...]
) -> None:
    made = await ok(owner, "POST", WEBHOOKS, body(channels=channel(signing_secret=SECRET)))
    changed = body(channels=channel(url=f"{URL}/2", signing_secret=given))
    shown = await ok(owner, "PUT", f"{WEBHOOKS}/{made['webhook_id']}", changed)
    assert await stored_secrets(sealing, made["webhook_id"]) == expected
    assert shown["channels"][0]["configs"].get("signing_secret") == ("redacted" if expected else None)


async def test_a_receiver_never_gets_the_secret_of_another(sealing: Stack, owner: httpx.AsyncClient) -> None:
    made = await ok(owner, "POST", WEBHOOKS, body(channels=channel(signing_secret=SECRET)))
    channels = [*channel(url="https://attacker.example/"), *channel()]
    shown = await ok(owner, "PUT", f"{WEBHOOKS}/{made['webhook_id']}", body(channels=channels))
    assert [each["configs"].get("signing_secret") for each in shown["channels"]] == [None, "redacted"]


async def test_a_rotation_shows_the_new_secret_once_and_keeps_the_old_one_for_a_while(
    sealing: Stack, owner: httpx.AsyncClient
) -> None:
    made = await ok(owner, "POST", WEBHOOKS, body(channels=channel(signing_secret=SECRET)))
    path = f"{WEBHOOKS}/{made['webhook_id']}"
    rotated = await ok(owner, "POST", f"{path}/rotate-secret")
    Receiver(rotated["signing_secret"])
    assert await stored_secrets(sealing, made["webhook_id"]) == (rotated["signing_secret"], SECRET)
    shown = await owner.get(path)
    assert rotated["signing_secret"] not in shown.text
    assert shown.json()["channels"][0]["configs"]["previous_secret_until"] is not None
    at_once = await ok(owner, "POST", f"{path}/rotate-secret", {"overlap_hours": 0})
    assert await stored_secrets(sealing, made["webhook_id"]) == (at_once["signing_secret"],)


async def test_a_rotation_must_know_which_channel_signs(owner: httpx.AsyncClient) -> None:
    channels = [*channel(), *channel(url=f"{URL}/2")]
    made = await ok(owner, "POST", WEBHOOKS, body(channels=channels))
    path = f"{WEBHOOKS}/{made['webhook_id']}/rotate-secret"
    assert (await refused(owner, 422, "POST", path))["details"]["path"] == "body.channel"
    await refused(owner, 422, "POST", path, {"channel": 2})
    assert (await ok(owner, "POST", path, {"channel": 1}))["channel"] == 1


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
