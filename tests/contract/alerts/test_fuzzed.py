"""Whatever is sent as an alert: it is stored and can be read, or a 4xx names the path of the fault."""

from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from services.common.system_conditions import KNOWN
from tests.contract.alerts.test_alerts import CHANNEL, SYSTEM
from tests.contract.objects.test_fuzzed import DEEP, FUZZ, JSON, assert_answered
from tests.support.gateway.rest import ok
from tests.support.tutorial.clusters_alerts_webhooks import ALERT, RETRIEVER_OF_UNLABELED

pytestmark = pytest.mark.asyncio(loop_scope="session")
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "url": st.sampled_from(["https://example.com", "http://[::1", "https://h:99999/"]) | JSON,
        "webhook_url": st.just("https://example.com") | JSON,
        "to_addresses": st.lists(st.sampled_from(["a@example.com", "a", "\0"]) | JSON, max_size=2) | JSON,
        "headers": st.dictionaries(st.text(max_size=4), JSON, max_size=2) | JSON,
        "signing_secret": st.sampled_from(["", "redacted", "s3"]) | JSON,
        "payload_template": JSON | DEEP,
        "timeout": JSON,
        "username": JSON,
    },
)
CHANNELS = st.fixed_dictionaries(
    {"channel_type": st.sampled_from(["webhook", "slack", "email", "batch"]) | JSON},
    optional={"config": CONFIGS | JSON, "channel_id": JSON},
)
NOTIFICATION = st.fixed_dictionaries(
    {"channels": st.lists(st.just(CHANNEL) | CHANNELS, max_size=2) | JSON},
    optional={"include_matches": JSON, "include_scores": JSON, "template_id": JSON},
)
PARAMS = sorted({name for params in KNOWN.values() for name in params.model_fields})
CONDITION = st.fixed_dictionaries(
    {"type": st.sampled_from(sorted(KNOWN))},
    optional={"params": st.dictionaries(st.sampled_from(PARAMS) | st.text(max_size=3), JSON, max_size=2) | JSON},
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.text(max_size=5) | JSON,
        "description": JSON,
        "retriever_id": st.just("unlabeled-products") | JSON,
        "trigger_on": st.sampled_from(["results", "no_results"]) | JSON,
        "min_count": JSON,
        "threshold": st.fixed_dictionaries({"field": JSON, "operator": st.just("gt"), "value": JSON}) | JSON,
        "inputs": st.dictionaries(st.text(max_size=5), JSON | DEEP, max_size=2) | JSON,
        "cooldown_seconds": JSON,
        "renotify_interval_seconds": JSON,
        "system_condition": CONDITION | JSON,
        "namespace_selector": st.fixed_dictionaries({"namespace_ids": st.lists(JSON, max_size=2)}) | JSON,
        "notification_config": NOTIFICATION | JSON,
        "enabled": JSON,
        "metadata": st.dictionaries(st.text(max_size=5), JSON | DEEP, max_size=2) | JSON,
        "source": st.sampled_from(["retriever", "system"]) | JSON,
    },
)


@pytest_asyncio.fixture(loop_scope="session")
async def ready(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client with an alert of each source."""
    await ok(client, "POST", "/v1/retrievers", RETRIEVER_OF_UNLABELED)
    await ok(client, "POST", "/v1/alerts", {**ALERT, "retriever_id": "unlabeled-products"})
    await ok(client, "POST", "/v1/alerts", SYSTEM)
    return client


@FUZZ
@given(changes=CHANGES | JSON, base=st.sampled_from([ALERT | {"retriever_id": "unlabeled-products"}, SYSTEM]))
async def test_any_alert_is_stored_or_refused(ready: httpx.AsyncClient, changes: Any, base: dict[str, Any]) -> None:
    await assert_answered(ready, "POST", "/v1/alerts", {**base, **changes} if isinstance(changes, dict) else changes)
    listed = await ok(ready, "GET", "/v1/alerts?limit=1000")
    for alert_id in [alert["alert_id"] for alert in listed["results"]][2:]:
        await ok(ready, "DELETE", f"/v1/alerts/{alert_id}")


@FUZZ
@given(changes=CHANGES | JSON)
async def test_any_change_of_an_alert_is_made_or_refused(ready: httpx.AsyncClient, changes: Any) -> None:
    ids = [alert["alert_id"] for alert in (await ok(ready, "GET", "/v1/alerts"))["results"]]
    for alert_id in ids:
        await assert_answered(ready, "PATCH", f"/v1/alerts/{alert_id}", changes)
        await ok(ready, "GET", f"/v1/alerts/{alert_id}")
