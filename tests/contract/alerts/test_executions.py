"""What came of looking at alerts, over REST."""

from typing import Any

import httpx
import pytest

from services.common.database.events.outbox import record_event
from services.common.ids import new_id
from tests.contract.alerts.test_alerts import make_alert
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import ok, refused

pytestmark = pytest.mark.asyncio(loop_scope="session")
INSERT = """
    INSERT INTO alert_executions (execution_id, namespace_id, alert_id, collection_id, triggered, fired, match_count,
      matches, error, duration_ms) VALUES ($1, $2, $3, 'col_1', $4, $4, $5, $6, $7, 12)"""
DELIVER = """
    INSERT INTO deliveries (delivery_id, namespace_id, alert_id, execution_id, channel, channel_type, event_id, subject,
                            seq, status, error)
    SELECT $1, namespace_id, subject_id, $3, $4, 'webhook', event_id, 'alert/' || subject_id, seq, $5, $6
    FROM events WHERE subject_id = $2 ORDER BY seq DESC LIMIT 1"""


async def add_execution(
    stack: Stack, alert_id: str, *, fired: bool, error: str | None = None, matches: list[dict[str, Any]] | None = None
) -> str:
    """An execution as the worker stores it."""
    execution_id = new_id("exec", 16)
    values = (fired, len(matches or []), matches, error)
    await stack.gateway.pool.execute(INSERT, execution_id, stack.namespace_id, alert_id, *values)
    return execution_id


async def add_deliveries(stack: Stack, alert_id: str, execution_id: str, *outcomes: tuple[str, str | None]) -> None:
    """Deliveries of these statuses and errors, one for each channel."""
    async with stack.gateway.pool.acquire() as connection, connection.transaction():
        await record_event(connection, stack.namespace_id, "alert.triggered", alert_id)
        for channel, (status, error) in enumerate(outcomes):
            await connection.execute(DELIVER, new_id("dlv", 24), alert_id, execution_id, channel, status, error)


async def test_an_alert_that_was_never_looked_at_has_no_results(client: httpx.AsyncClient) -> None:
    made = await make_alert(client)
    await refused(client, 404, "GET", f"/v1/alerts/{made['name']}/results")
    assert (await ok(client, "GET", f"/v1/alerts/{made['name']}/executions"))["results"] == []
    await refused(client, 404, "GET", "/v1/alerts/nothing/executions")
    await refused(client, 404, "GET", "/v1/alerts/executions/nothing")


async def test_executions_are_read_one_by_one_by_alert_and_all_the_newest_first(
    client: httpx.AsyncClient, stack: Stack
) -> None:
    alert_id = (await make_alert(client))["alert_id"]
    matches = [{"document_id": "doc_1", "asset_id": "obj_1", "score": 1.0, "metadata": {"colour": "red"}}]
    first = await add_execution(stack, alert_id, fired=False, error="Retriever 'x' was deleted.")
    second = await add_execution(stack, alert_id, fired=True, matches=matches)
    for path in (f"/v1/alerts/{alert_id}/executions", "/v1/alerts/executions"):
        listed = await ok(client, "GET", path)
        assert [each["execution_id"] for each in listed["results"]] == [second, first]
        assert listed["total_count"] == 2
        page = await ok(client, "GET", f"{path}?limit=1")
        rest = await ok(client, "GET", f"{path}?limit=1&cursor={page['pagination']['next_cursor']}")
        assert [each["execution_id"] for each in page["results"] + rest["results"]] == [second, first]
    latest = await ok(client, "GET", "/v1/alerts/unknown-products/results")
    assert latest == await ok(client, "GET", f"/v1/alerts/executions/{second}")
    assert (latest["matches"][0]["score"], latest["status"], latest["deliveries"]) == (1.0, "completed", [])
    failed = await ok(client, "GET", f"/v1/alerts/executions/{first}")
    assert (failed["status"], failed["error"]) == ("failed", "Retriever 'x' was deleted.")
    assert (failed["triggered"], failed["matches"], failed["deliveries"]) == (False, None, None)


async def test_deliveries_are_those_of_the_execution_in_the_contracts_words(
    client: httpx.AsyncClient, stack: Stack
) -> None:
    alert_id = (await make_alert(client))["alert_id"]
    execution_id = await add_execution(stack, alert_id, fired=True)
    await add_deliveries(
        stack,
        alert_id,
        execution_id,
        ("delivered", None),
        ("pending", "503"),
        ("failed", "410 Gone"),
        ("failed", "not_configured: set LIKENESS_SMTP_HOST"),
    )
    latest = await ok(client, "GET", f"/v1/alerts/{alert_id}/results")
    outcomes = [(each["status"], each["error"]) for each in latest["deliveries"]]
    assert outcomes == [
        ("delivered", None),
        ("deferred", "503"),
        ("failed", "410 Gone"),
        ("not_configured", "not_configured: set LIKENESS_SMTP_HOST"),
    ]


async def test_an_alert_takes_its_executions_and_deliveries_with_it(client: httpx.AsyncClient, stack: Stack) -> None:
    alert_id = (await make_alert(client))["alert_id"]
    execution_id = await add_execution(stack, alert_id, fired=True)
    await add_deliveries(stack, alert_id, execution_id, ("pending", None))
    await ok(client, "DELETE", f"/v1/alerts/{alert_id}")
    await refused(client, 404, "GET", f"/v1/alerts/executions/{execution_id}")
    assert await stack.gateway.pool.fetchval("SELECT count(*) FROM deliveries WHERE alert_id = $1", alert_id) == 0
