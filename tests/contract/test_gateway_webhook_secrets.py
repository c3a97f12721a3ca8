"""Signing secrets of webhooks: stored sealed, shown to nobody, kept, changed and rotated."""

from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks import Webhook as Receiver

from services.common.channel_secrets import signing_secrets
from services.common.ids import new_id
from services.common.sealing import Sealer
from tests.support.gateway import Stack
from tests.support.rest import ok, refused
from tests.support.webhook_forms import KEY, SECRET, URL, WEBHOOKS, body, channel

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def stored_secrets(stack: Stack, webhook_id: str) -> tuple[str, ...]:
    """The secrets that sign a webhook's deliveries, as the worker would open them."""
    channels = await stack.gateway.pool.fetchval("SELECT channels FROM webhooks WHERE webhook_id = $1", webhook_id)
    return signing_secrets(channels[0]["configs"], Sealer(KEY), datetime.now(UTC))


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
