"""What reaches the receivers of each channel, of webhooks and of alerts."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from services.common.secrets.channel_secrets import new_secret, rotated, to_stored
from services.common.secrets.encryption import Sealer, new_key
from tests.integration.worker.webhooks.delivery_bench import DeliveryBench
from tests.integration.worker.webhooks.receivers import Call, answering, receiving

JsonObject = dict[str, Any]


async def told(
    delivery_bench: DeliveryBench, channel: str, configs: JsonObject, payload: JsonObject
) -> tuple[Call, Any]:
    """The call by which a healthy receiver was told of one event, and its delivery; `{url}` is the receiver's."""
    async with receiving() as receiver, delivery_bench.deliverer():
        named = {name: receiver.url if value == "{url}" else value for name, value in configs.items()}
        webhook = await delivery_bench.webhook({"channel": channel, "configs": named})
        await delivery_bench.happen(webhook, ["obj_1"], payload)
        [row] = await delivery_bench.ended()
    [call] = receiver.calls
    return call, row


async def test_a_signed_delivery_is_verified_as_a_receiver_would(delivery_bench: DeliveryBench) -> None:
    sealer, now = Sealer(delivery_bench.settings.secrets_key), datetime.now(UTC)
    first, former, new = new_secret(), new_secret(), new_secret()
    stored = to_stored({"url": "{url}", "signing_secret": first}, None, sealer, now, "p")
    two = rotated(stored, former, sealer, now=now, until=now + timedelta(hours=2), path="p")
    three = rotated(two, new, sealer, now=now, until=now + timedelta(hours=1), path="p")
    call, _ = await told(delivery_bench, "webhook", three, {"n": 1})
    for secret in (first, former, new):
        assert Webhook(secret).verify(call.body, call.headers)["metadata"] == {"n": 1}
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(call.body.replace(b"1", b"2"), call.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(call.body, call.headers)
    moment, *signatures = call.headers["X-Mixpeek-Signature"].split(",")
    signed = moment.removeprefix("t=").encode() + b"." + call.body
    digests = [hmac.new(each.encode(), signed, hashlib.sha256).hexdigest() for each in (new, former, first)]
    assert signatures == [f"v1={digest}" for digest in digests]


async def test_without_the_key_of_its_secret_a_delivery_waits_and_says_why(delivery_bench: DeliveryBench) -> None:
    stored = to_stored(
        {"url": "http://127.0.0.1:1/", "signing_secret": "s"}, None, Sealer(new_key()), datetime.now(UTC), "p"
    )
    webhook = await delivery_bench.webhook({"channel": "webhook", "configs": stored})
    await delivery_bench.happen(webhook, ["obj_1"])
    async with delivery_bench.deliverer(webhook_retry_seconds=(600.0,)):
        row = await delivery_bench.attempted()
    assert row["status"] == "pending"
    assert "LIKENESS_SECRETS_KEY" in row["error"]
    assert (await delivery_bench.health(webhook))["consecutive_failures"] == 0


async def test_a_template_makes_the_payload(delivery_bench: DeliveryBench) -> None:
    template = {"text": "{{ event_type }} of {{ subject.id }}", "count": "{{ metadata.n }}", "fixed": [1]}
    call, row = await told(delivery_bench, "webhook", {"url": "{url}", "payload_template": template}, {"n": 3})
    assert call.json == {"text": "object.created of obj_1", "count": 3, "fixed": [1]}
    assert row["error"] is None


@pytest.mark.parametrize(
    ("template", "error"),
    [
        ({"x": "{{ 'a' * 99 }}"}, "payload_template.x: the template cannot be used"),
        ({"x": "{{ metadata.long }}", "y": "{{ metadata.long }}"}, "longer than 20000 bytes"),
    ],
)
async def test_a_template_that_fails_gives_way_to_the_default(
    delivery_bench: DeliveryBench, template: JsonObject, error: str
) -> None:
    configs = {"url": "{url}", "payload_template": template}
    call, row = await told(delivery_bench, "webhook", configs, {"long": "z" * 15_000})
    assert call.json["event_type"] == "object.created"
    assert row["status"] == "delivered"
    assert error in row["error"]
    assert row["error"].endswith("The default was sent.")


async def test_slack_gets_a_text_that_people_read_and_nobody_can_abuse(delivery_bench: DeliveryBench) -> None:
    configs = {"webhook_url": "{url}", "channel": "#labels", "username": "likeness", "icon_emoji": ":tada:"}
    call, _ = await told(delivery_bench, "slack", configs, {"name": "<!channel> & more"})
    message = call.json
    assert message["text"].startswith("object.created: object obj_1\n")
    assert "name: &lt;!channel&gt; &amp; more" in message["text"]
    assert {name: message[name] for name in ("channel", "username", "icon_emoji")} == {
        "channel": "#labels",
        "username": "likeness",
        "icon_emoji": ":tada:",
    }
    assert "blocks" not in message


@pytest.mark.parametrize(
    "template",
    [
        '[{"type": "section", "text": {"type": "mrkdwn", "text": "{{ metadata.name }}"}}]',
        '{"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": {{ metadata.name | tojson }} }}]}',
    ],
)
async def test_blocks_of_slack_are_rendered(delivery_bench: DeliveryBench, template: str) -> None:
    call, row = await told(
        delivery_bench, "slack", {"webhook_url": "{url}", "blocks_template": template}, {"name": 'a "b"'}
    )
    assert call.json["blocks"] == [{"type": "section", "text": {"type": "mrkdwn", "text": 'a "b"'}}]
    assert row["error"] is None


async def test_blocks_that_are_no_json_are_left_out(delivery_bench: DeliveryBench) -> None:
    template = '[{"text": "{{ metadata.name }}"{% if true %}]{% endif %}'
    call, row = await told(
        delivery_bench, "slack", {"webhook_url": "{url}", "blocks_template": template}, {"name": "a"}
    )
    assert "blocks" not in call.json
    assert "blocks_template" in row["error"]


async def test_an_alert_is_told_flat(delivery_bench: DeliveryBench) -> None:
    payload = {"event_type": "alert.triggered", "alert_id": "alt_1", "alert_name": "unknown", "match_count": 1}
    async with receiving() as hook, receiving() as slack, delivery_bench.deliverer():
        channels: list[JsonObject] = [
            {"channel_type": "webhook", "config": {"url": hook.url}},
            {"channel_type": "slack", "config": {"webhook_url": slack.url}},
            {"channel_type": "pager"},
        ]
        event_id = await delivery_bench.alert("alt_1", channels, payload)
        rows = await delivery_bench.ended(3)
    assert hook.calls[0].json == {"event_id": event_id, **payload}
    assert slack.calls[0].json["text"].startswith("Alert 'unknown': 1 document matches\n")
    assert [row["status"] for row in rows] == ["delivered", "delivered", "failed"]
    assert rows[2]["error"].startswith("not_configured")


async def test_slack_that_is_away_is_tried_again_without_naming_its_secret(delivery_bench: DeliveryBench) -> None:
    async with receiving(answering(500)) as receiver, delivery_bench.deliverer(webhook_retry_seconds=(600.0,)):
        url = f"{receiver.url}/T000/B000/secret"
        webhook = await delivery_bench.webhook({"channel": "slack", "configs": {"webhook_url": url}})
        await delivery_bench.happen(webhook, ["obj_1"])
        row = await delivery_bench.attempted()
    assert row["status"] == "pending"
    assert "secret" not in row["error"]
