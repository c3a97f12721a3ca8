"""Diagnosing a batch, and taking back what it made."""

import httpx
import pytest

from tests.contract.batches.test_batches import BATCHES, drafted, end, settle, stored, submitted
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, OBJECTS, ok, refused, set_up

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_draft_says_what_is_to_be_done(client: httpx.AsyncClient) -> None:
    await set_up(client)
    draft = await drafted(client, await stored(client))
    found = await ok(client, "GET", f"{BATCHES}/{draft['batch_id']}/diagnose")
    assert (found["status"], found["progress"]["pending"], found["is_stalled"]) == ("DRAFT", 1, False)
    assert found["timing"]["submitted_at"] is None
    assert len(found["recommendations"]) == 1


async def test_failures_are_counted_and_advised_on(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    broken, away, lost = await stored(client, 3)
    batch_id = await submitted(client, [broken, away, lost])
    await end(stack, broken, "FAILED", "NOT_AN_IMAGE: no picture")
    await end(stack, away, "FAILED", "FETCH_TIMEOUT: no answer. (tried 5 times)")
    await stack.gateway.pool.execute("DELETE FROM processing WHERE object_id = $1", lost)
    found = await ok(client, "GET", f"{BATCHES}/{batch_id}/diagnose")
    assert found["errors"] == {"NOT_AN_IMAGE": 1, "FETCH_TIMEOUT": 1, "LOST": 1}
    assert found["error_kinds"] == {"permanent": 1, "transient": 2}
    assert (found["progress"]["failed"], found["progress"]["lost"]) == (2, 1)
    assert {each["object_id"] for each in found["failed_documents"]} == {broken, away, lost}
    assert len(found["recommendations"]) == 3


async def test_a_batch_that_makes_no_progress_is_stalled(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    [waiting] = await stored(client)
    batch_id = await submitted(client, [waiting])
    path = f"{BATCHES}/{batch_id}/diagnose"
    assert (await ok(client, "GET", path))["is_stalled"] is False
    query = "UPDATE processing SET updated_at = now() - interval '1 hour' WHERE object_id = $1"
    await stack.gateway.pool.execute(query, waiting)
    assert (await ok(client, "GET", path))["is_stalled"] is True


async def test_documents_of_a_batch_are_taken_back(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    other, made, again = await stored(client, 3)
    batch_id = await submitted(client, [made, again])
    path = f"{BATCHES}/{batch_id}"
    await refused(client, 400, "DELETE", f"{path}/documents")
    kept = {await stack.process(other), await stack.process(again)}
    gone = await stack.process(made)
    for each in (made, again):
        await end(stack, each, "COMPLETED")
    await settle(stack, batch_id, "COMPLETED")
    later = "UPDATE processing SET updated_at = now() + interval '1 second' WHERE object_id = $1"
    await stack.gateway.pool.execute(later, again)
    deleted = await ok(client, "DELETE", f"{path}/documents")
    assert (deleted["deleted_count"], deleted["objects_affected"]) == (1, 1)
    assert gone in stack.surroundings.index.refreshed
    assert {each["document_id"] for each in (await ok(client, "GET", DOCUMENTS))["results"]} == kept
    assert (await ok(client, "GET", f"{OBJECTS}/{made}"))["status"] == "PENDING"
    assert (await ok(client, "GET", f"{path}/audit"))["all_balanced"] is True
    assert (await ok(client, "DELETE", f"{path}/documents"))["deleted_count"] == 0
    redone = await submitted(client, [made, again])
    progress = (await ok(client, "GET", f"{BATCHES}/{redone}"))["progress"]
    assert (progress["total"], progress["objects_skipped"]) == (2, 1)
