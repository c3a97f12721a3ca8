"""Whatever is sent to webhooks: an answer, or a 4xx that names the path."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.ids import new_id
from tests.contract.test_fuzzed_lists import FUZZ, ODD, assert_answered
from tests.property.test_filters import JSON
from tests.support.gateway.rest import ok

pytestmark = pytest.mark.asyncio(loop_scope="session")

WEBHOOKS = "/v1/organizations/webhooks"
URLS = [
    "http://a.example",
    "http://[::1",
    "http://a:99999/",
    "//a",
    "http://a.example/\0",
    "http://é.example",
    "http://",
]
ANY = JSON | ODD
CONFIGS = ANY | st.fixed_dictionaries(
    {},
    optional={
        "url": ANY | st.sampled_from(URLS),
        "webhook_url": ANY | st.sampled_from(URLS),
        "headers": ANY | st.dictionaries(st.text(max_size=3), st.text(max_size=3) | ANY, max_size=3),
        "payload_template": ANY | st.just({"a": "{{ event", "b": ["{% for %}"]}),
        "timeout": ANY | st.floats(),
        "signing_secret": ANY,
        "method": ANY | st.just("PUT"),
        "to_addresses": ANY | st.lists(st.text(max_size=5) | st.just("a@b.example"), max_size=2),
        "body_template": ANY | st.just("{{"),
    },
)
CHANNEL = st.fixed_dictionaries({"channel": st.sampled_from(["webhook", "slack", "email"]) | ANY, "configs": CONFIGS})
BODY = st.fixed_dictionaries(
    {},
    optional={
        "webhook_name": st.builds(new_id, st.just("fuzz")) | ANY,
        "event_types": ANY | st.just(["object.created"]),
        "resource_types": ANY | st.just(["object"]),
        "namespace_ids": ANY,
        "channels": st.lists(CHANNEL, max_size=2) | ANY,
        "is_active": ANY,
        "delivery_health": ANY,
    },
)


@FUZZ
@given(body=BODY | ANY)
async def test_any_webhook_is_made_or_refused(client: httpx.AsyncClient, body: Any) -> None:
    await assert_answered(client, "POST", WEBHOOKS, body)


@FUZZ
@given(channel=CHANNEL)
async def test_any_channel_is_taken_or_refused(client: httpx.AsyncClient, channel: Any) -> None:
    body = {"webhook_name": new_id("fuzz"), "event_types": ["object.created"], "channels": [channel]}
    await assert_answered(client, "POST", WEBHOOKS, body)


@FUZZ
@given(
    body=ANY
    | st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("delivery_ids", "event_ids", "status", "event_type", "is_active", "filters"), ANY),
            **dict.fromkeys(("channel", "overlap_hours", "cursor", "limit", "search"), ANY),
            "sort": ANY | st.sampled_from(["-created_at", "event_type", "subject.id", "is_active", "channels"]),
            "since": ANY | st.sampled_from(["2026-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31"]),
        },
    )
)
async def test_any_question_about_deliveries_is_answered_or_refused(client: httpx.AsyncClient, body: Any) -> None:
    channels = [{"channel": "webhook", "configs": {"url": "http://a.example"}}]
    form = {"webhook_name": new_id("fuzz"), "event_types": ["object.created"], "channels": channels}
    made = await ok(client, "POST", WEBHOOKS, form)
    for verb in ("deliveries/list", "replay", "rotate-secret", "resume", "test"):
        await assert_answered(client, "POST", f"{WEBHOOKS}/{made['webhook_id']}/{verb}", body)
    await assert_answered(client, "POST", f"{WEBHOOKS}/list", body)


@pytest.mark.parametrize("identifier", ["%00", "%F0%9F%92%A5", "wh_", "a" * 3000, "%ED%A0%80", "..%2Flist"])
async def test_any_identifier_names_nothing(client: httpx.AsyncClient, identifier: str) -> None:
    for method in ("GET", "DELETE"):
        response = await client.request(method, f"{WEBHOOKS}/{identifier}")
        assert 400 <= response.status_code < 500, response.text
