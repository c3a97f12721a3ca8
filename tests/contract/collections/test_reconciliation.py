"""Objects against documents: nothing is lost, and what is missing is named."""

import httpx
import pytest

from tests.contract.batches.test_batches import end
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, OBJECTS, ok, refused, set_up, upload
from tests.support.tutorial.option_a import BOOTSTRAP_OBJECT

pytestmark = pytest.mark.asyncio(loop_scope="session")

RECONCILE = "/v1/collections/products_unified/reconciliation"


async def test_every_object_is_accounted_for(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    done, failed, empty, waiting = [(await upload(client))["object_id"] for _ in range(4)]
    await ok(client, "POST", f"{OBJECTS}?auto_process=false", BOOTSTRAP_OBJECT)
    await stack.process(done)
    await end(stack, done, "COMPLETED")
    await end(stack, failed, "FAILED", "NOT_AN_IMAGE: no picture")
    await end(stack, empty, "COMPLETED")
    note = "UPDATE processing SET note = 'NO_FACE: nobody there' WHERE object_id = $1"
    await stack.gateway.pool.execute(note, empty)
    found = await ok(client, "GET", RECONCILE)
    assert (found["source_object_count"], found["produced_object_count"], found["delta"]) == (4, 1, 3)
    assert (found["document_count"], found["unsubmitted_object_count"], found["orphaned_document_count"]) == (1, 1, 0)
    reasons = {each["object_id"]: (each["reason"], each["error"]) for each in found["discrepancies"]}
    assert reasons == {
        failed: ("failed", "NOT_AN_IMAGE: no picture"),
        empty: ("no_document", "NO_FACE: nobody there"),
        waiting: ("processing", None),
    }
    counts = (found["failed_object_count"], found["empty_object_count"], found["processing_object_count"])
    assert (counts, found["discrepancies_truncated"]) == ((1, 1, 1), False)


async def test_the_list_is_bounded_and_says_so(client: httpx.AsyncClient) -> None:
    await set_up(client)
    for _ in range(2):
        await upload(client)
    found = await ok(client, "GET", f"{RECONCILE}?limit=1")
    assert (found["delta"], len(found["discrepancies"]), found["discrepancies_truncated"]) == (2, 1, True)
    await refused(client, 422, "GET", f"{RECONCILE}?limit=0")


async def test_documents_from_elsewhere_are_orphans(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    await ok(client, "POST", "/v1/buckets", {"bucket_name": "elsewhere", "bucket_schema": {"properties": {}}})
    await ok(client, "POST", DOCUMENTS, {"product_label": "boots", "root_bucket_id": "elsewhere"})
    found = await ok(client, "GET", RECONCILE)
    assert (found["document_count"], found["orphaned_document_count"], found["delta"]) == (1, 1, 0)
