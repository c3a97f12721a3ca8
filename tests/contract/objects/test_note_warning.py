"""An object that has ended well without giving all that may be expected says so itself."""

import httpx
import pytest

from tests.contract.batches.test_batches import end
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import OBJECTS, ok, set_up, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOTE = "UPDATE processing SET note = 'NOTHING_FOUND: nobody there' WHERE object_id = $1"


async def test_what_its_collections_noted_stands_on_the_object(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    empty, full, waiting = [(await upload(client))["object_id"] for _ in range(3)]
    for object_id in (empty, full):
        await end(stack, object_id, "COMPLETED")
    for object_id in (empty, waiting):
        await stack.gateway.pool.execute(NOTE, object_id)
    [warning] = (await ok(client, "GET", f"{OBJECTS}/{empty}"))["warnings"]
    assert warning["reason"] == "Collection 'products_unified': NOTHING_FOUND: nobody there"
    assert (warning["id"], "products_unified" in warning["next_step"]) == (empty, True)
    assert "warnings" not in await ok(client, "GET", f"{OBJECTS}/{full}")
    assert "warnings" not in await ok(client, "GET", f"{OBJECTS}/{waiting}"), "it may yet be told otherwise"
    listed = (await ok(client, "GET", OBJECTS))["results"]
    assert [each["object_id"] for each in listed if "warnings" in each] == [empty]
