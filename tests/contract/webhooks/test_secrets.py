"""Signing secrets of webhooks: stored sealed, shown to nobody, kept, changed and rotated."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook as Receiver

from services.common.database.migrate import migration_files
from services.common.ids import new_id
from services.common.secrets.channel_secrets import MOST_SECRETS, signing_secrets
from services.common.secrets.encryption import Sealer
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import ok, refused
from tests.support.gateway.webhook_forms import KEY, SECRET, URL, WEBHOOKS, body, channel
from tests.support.tutorial.clusters_alerts_webhooks import ALERT, RETRIEVER_OF_UNLABELED

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
    assert at_once["previous_secret_until"] is not None
    assert await stored_secrets(sealing, made["webhook_id"]) == (at_once["signing_secret"], SECRET)


async def test_secrets_rotated_within_each_others_time_all_sign(sealing: Stack, owner: httpx.AsyncClient) -> None:
    made = await ok(owner, "POST", WEBHOOKS, body(channels=channel(signing_secret=SECRET)))
    path = f"{WEBHOOKS}/{made['webhook_id']}"
    answers = [await ok(owner, "POST", f"{path}/rotate-secret", {"overlap_hours": hours}) for hours in (24, 12, 6)]
    given = body(channels=channel(signing_secret="another"))
    await ok(owner, "PUT", path, given)
    newest = [each["signing_secret"] for each in reversed(answers)]
    assert await stored_secrets(sealing, made["webhook_id"]) == ("another", *newest, SECRET)
    shown = (await ok(owner, "GET", path))["channels"][0]["configs"]
    untils = [each["previous_secret_until"] for each in reversed(answers)]
    read = [datetime.fromisoformat(each) for each in shown["previous_secrets_until"][1:]]
    assert read == [datetime.fromisoformat(each) for each in untils]
    assert shown["previous_secret_until"] == shown["previous_secrets_until"][0]


async def test_a_rotation_that_would_end_a_promised_secret_is_refused(sealing: Stack, owner: httpx.AsyncClient) -> None:
    made = await ok(owner, "POST", WEBHOOKS, body(channels=channel(signing_secret=SECRET)))
    path = f"{WEBHOOKS}/{made['webhook_id']}"
    for _ in range(MOST_SECRETS - 1):
        await ok(owner, "POST", f"{path}/rotate-secret")
    before = await stored_secrets(sealing, made["webhook_id"])
    error = await refused(owner, 422, "POST", f"{path}/rotate-secret")
    assert error["details"]["path"] == "body.channels.0.configs.signing_secret"
    await refused(owner, 422, "PUT", path, body(channels=channel(signing_secret="one more")))
    assert await stored_secrets(sealing, made["webhook_id"]) == before
    await ok(owner, "PUT", path, body(channels=channel(signing_secret="")))
    assert await stored_secrets(sealing, made["webhook_id"]) == ()
    await ok(owner, "POST", f"{path}/rotate-secret")


@pytest.mark.parametrize("secret", ["whsec_test_secret_of_mine", "whsec_", "whsec_a-b_", " padded "])
async def test_a_secret_that_receivers_cannot_use_is_refused(
    sealing: Stack, owner: httpx.AsyncClient, client: httpx.AsyncClient, secret: str
) -> None:
    given = body(channels=channel(signing_secret=secret))
    error = await refused(owner, 422, "POST", WEBHOOKS, given)
    assert error["details"]["path"] == "body.channels.0.configs.signing_secret"
    assert secret.strip() == "whsec_" or secret not in error["message"]
    made = await ok(owner, "POST", WEBHOOKS, body(channels=channel(signing_secret=SECRET)))
    await refused(owner, 422, "PUT", f"{WEBHOOKS}/{made['webhook_id']}", given)
    assert await stored_secrets(sealing, made["webhook_id"]) == (SECRET,)


async def test_the_channel_of_an_alert_takes_and_keeps_secrets_alike(sealing: Stack) -> None:
    async with sealing.client() as client:
        bad = notification("whsec_test_secret_of_mine")
        retriever = await ok(client, "POST", "/v1/retrievers", RETRIEVER_OF_UNLABELED)
        form = {**ALERT, "retriever_id": retriever["retriever_id"]}
        error = await refused(client, 422, "POST", "/v1/alerts", {**form, **bad})
        assert error["details"]["path"] == "body.notification_config.channels.0.config.signing_secret"
        made = await ok(client, "POST", "/v1/alerts", {**form, **notification("one")})
        for secret in ("two", "three"):
            await ok(client, "PATCH", f"/v1/alerts/{made['alert_id']}", notification(secret))
    sql = "SELECT notification_config -> 'channels' -> 0 -> 'config' FROM alerts WHERE alert_id = $1"
    config = await sealing.gateway.pool.fetchval(sql, made["alert_id"])
    assert signing_secrets(config, Sealer(KEY), datetime.now(UTC)) == ("three", "two", "one")


def notification(secret: str) -> dict[str, Any]:
    config = {"url": URL, "signing_secret": secret}
    return {"notification_config": {"channels": [{"channel_type": "webhook", "config": config}]}}


async def test_a_secret_stored_as_the_one_before_goes_on_to_sign(sealing: Stack, owner: httpx.AsyncClient) -> None:
    made = await ok(owner, "POST", WEBHOOKS, body(channels=channel(signing_secret=SECRET)))
    pool, until = sealing.gateway.pool, datetime.now(UTC) + timedelta(hours=1)
    old = {"sealed_previous": Sealer(KEY).seal("former"), "previous_until": until.isoformat()}
    sql = "UPDATE webhooks SET channels = jsonb_set(channels, '{0,configs}', channels #> '{0,configs}' || $2)"
    await pool.execute(f"{sql} WHERE webhook_id = $1", made["webhook_id"], old)
    [migration] = [text for name, text in migration_files() if name == "0022_former_secrets.sql"]
    await pool.execute(migration)
    assert await stored_secrets(sealing, made["webhook_id"]) == (SECRET, "former")


async def test_a_rotation_must_know_which_channel_signs(owner: httpx.AsyncClient) -> None:
    channels = [*channel(), *channel(url=f"{URL}/2")]
    made = await ok(owner, "POST", WEBHOOKS, body(channels=channels))
    path = f"{WEBHOOKS}/{made['webhook_id']}/rotate-secret"
    assert (await refused(owner, 422, "POST", path))["details"]["path"] == "body.channel"
    await refused(owner, 422, "POST", path, {"channel": 2})
    assert (await ok(owner, "POST", path, {"channel": 1}))["channel"] == 1
