"""What dashboards ask: usage, uploads, extractors, the namespace; and the indexes that are always there."""

from typing import Any

import httpx
import pytest

from services.common.database.api_keys import create_key
from tests.contract.batches.test_batches import end
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import ok, refused, set_up, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")

BUCKET = "/v1/analytics/buckets/bkt_products_unified"
DATES = "start_date=2026-01-01&end_date=2026-01-04"


async def aged(stack: Stack, object_id: str, created_at: str, size: int) -> None:
    pool = stack.gateway.pool
    await pool.execute(
        "UPDATE objects SET created_at = $2::text::timestamptz WHERE object_id = $1", object_id, created_at
    )
    await pool.execute("UPDATE blobs SET size_bytes = $2 WHERE object_id = $1", object_id, size)


async def test_storage_is_counted_for_as_long_as_it_was_kept(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    old, young, late = [(await upload(client))["object_id"] for _ in range(3)]
    await aged(stack, old, "2025-12-01T00:00:00Z", 1_000_000_000)
    await aged(stack, young, "2026-01-02T12:00:00Z", 2_000_000_000)
    await aged(stack, late, "2026-02-01T00:00:00Z", 5_000_000_000)
    found = await ok(client, "GET", f"{BUCKET}/usage?{DATES}")
    hours = [(each["storage_gb_hours"], each["upload_operations"]) for each in found["metrics"]]
    assert hours == [(pytest.approx(24), 0), (pytest.approx(24 + 24), 1), (pytest.approx(72), 0)]
    assert (found["total_credits"], found["total_cost_usd"]) == (0, 0)
    part = await ok(client, "GET", f"{BUCKET}/usage?start_date=2026-01-01T18:00:00&end_date=2026-01-02T06:00:00")
    assert [each["storage_gb_hours"] for each in part["metrics"]] == [pytest.approx(6), pytest.approx(6)]


@pytest.mark.parametrize("unit", ["minute", "hour", "week", "month"])
async def test_storage_adds_up_in_any_unit(client: httpx.AsyncClient, stack: Stack, unit: str) -> None:
    await set_up(client)
    await aged(stack, (await upload(client))["object_id"], "2026-01-02T12:00:00Z", 1_000_000_000)
    found = await ok(client, "GET", f"{BUCKET}/usage?{DATES}&group_by={unit}")
    assert sum(each["storage_gb_hours"] for each in found["metrics"]) == pytest.approx(36)


@pytest.mark.parametrize("dates", ["start_date=0001-01-01&end_date=0001-02-01", "end_date=9999-12-31T23:59:59.999999"])
async def test_the_ends_of_the_calendar_are_refused(client: httpx.AsyncClient, dates: str) -> None:
    await set_up(client)
    error = await refused(client, 422, "GET", f"{BUCKET}/usage?{dates}")
    assert error["details"]["path"] == "query.start_date"


async def test_uploads_are_timed_from_link_to_confirmation(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    for status in ("COMPLETED", "FAILED", "PENDING"):
        made = await ok(client, "POST", "/v1/buckets/bkt_products_unified/uploads", upload_form(status))
        query = """UPDATE uploads SET status = $2, created_at = '2026-01-02', size_bytes = 4000000,
                     completed_at = CASE WHEN $2 = 'COMPLETED' THEN '2026-01-02 00:00:02'::timestamptz END
                   WHERE upload_id = $1"""
        await stack.gateway.pool.execute(query, made["upload_id"], status)
    found = await ok(client, "GET", f"{BUCKET}/upload-performance?{DATES}")
    [metric] = found["metrics"]
    assert (metric["upload_count"], metric["error_rate"], metric["avg_latency_ms"]) == (2, 0.5, 2000)
    assert metric["avg_throughput_mbps"] == pytest.approx(2)
    assert found["summary"] == {"upload_count": 2, "failed_count": 1}


def upload_form(name: str) -> dict[str, Any]:
    return {"filename": f"{name}.png", "content_type": "image/png"}


async def test_extractors_and_the_namespace(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    assert await ok(client, "GET", "/v1/analytics/extractors/performance") == []
    good, bad = [(await upload(client))["object_id"] for _ in range(2)]
    made = await stack.process(good)
    query = "UPDATE documents SET internal = $2 WHERE document_id = $1"
    await stack.gateway.pool.execute(query, made, {"processing": {"history": [{"duration_ms": 20.0}]}})
    await end(stack, good, "COMPLETED")
    await end(stack, bad, "FAILED", "NOT_AN_IMAGE: no picture")
    [found] = await ok(client, "GET", "/v1/analytics/extractors/performance")
    assert (found["extractor_name"], found["version"], found["success_rate"]) == ("image_extractor", "v1", 0.5)
    assert (found["execution_count"], found["avg_latency_ms"], found["p99_latency_ms"]) == (2, 20, 20)
    assert await ok(client, "GET", "/v1/analytics/extractors/performance?extractor_name=text_extractor") == []
    summary = (await ok(client, "GET", "/v1/analytics/namespaces/summary"))["summary"]
    assert (summary["objects"], summary["failed_objects"], summary["documents"]) == (2, 1, 1)


async def test_indexes_exist_and_shards_are_rebuilt_when_asked(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    await stack.process((await upload(client))["object_id"])
    path = f"/v1/namespaces/{stack.namespace_id}/ensure-indexes"
    found = await ok(client, "POST", path)
    assert "documents_by_fields" in found["ensured"]
    assert (found["rebuilt"], stack.surroundings.index.rebuilt) == ([], [])
    found = await ok(client, "POST", f"{path}?force_rebuild=true")
    assert len(found["rebuilt"]) == 1
    [shard] = stack.surroundings.index.rebuilt
    assert shard.namespace_id == stack.namespace_id
    await refused(client, 404, "POST", "/v1/namespaces/none/ensure-indexes")


async def test_a_key_of_another_namespace_may_not_rebuild(stack: Stack) -> None:
    key_id, key = await create_key(stack.gateway.pool, "elsewhere")
    scopes = [{"resource_type": "namespace", "resource_id": "ns_elsewhere", "operations": None}]
    await stack.gateway.pool.execute("UPDATE api_keys SET scopes = $2 WHERE key_id = $1", key_id, scopes)
    async with stack.bare_client({"Authorization": f"Bearer {key}"}) as stranger:
        await refused(stranger, 403, "POST", f"/v1/namespaces/{stack.namespace_id}/ensure-indexes")
