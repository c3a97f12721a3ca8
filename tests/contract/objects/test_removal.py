"""Deleting many objects with one call."""

import httpx
import pytest

from services.common.database.api_keys import create_key
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, OBJECTS, ok, refused, set_up, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")

REMOVE = f"{OBJECTS}/bulk-soft-delete"


async def test_objects_go_with_their_documents_and_each_has_its_outcome(
    client: httpx.AsyncClient, stack: Stack
) -> None:
    await set_up(client)
    kept, first, second = [(await upload(client))["object_id"] for _ in range(3)]
    documents = {each: await stack.process(each) for each in (kept, first, second)}
    body = {"object_ids": [second, "obj_none", first, first], "reason": "wrong supplier"}
    removed = await ok(client, "POST", REMOVE, body)
    assert (removed["soft_deleted"], removed["requested"], removed["collections"]) == (2, 4, 1)
    outcomes = {each["object_id"]: each["success"] for each in removed["results"]}
    assert outcomes == {second: True, "obj_none": False, first: True}
    assert {documents[first], documents[second]} <= set(stack.surroundings.index.refreshed)
    listed = await ok(client, "GET", DOCUMENTS)
    assert [each["document_id"] for each in listed["results"]] == [documents[kept]]
    await refused(client, 404, "GET", f"{OBJECTS}/{first}")
    query = "SELECT payload FROM events WHERE event_type = 'object.deleted' AND subject_id = $1"
    assert (await stack.gateway.pool.fetchval(query, first))["reason"] == "wrong supplier"
    assert (await ok(client, "POST", REMOVE, body))["soft_deleted"] == 0


@pytest.mark.parametrize("body", [{}, {"object_ids": []}, {"object_ids": ["x"]}, {"object_ids": [1], "reason": "r"}])
async def test_ids_and_a_reason_are_needed(client: httpx.AsyncClient, body: dict[str, object]) -> None:
    await set_up(client)
    await refused(client, 422, "POST", REMOVE, body)


async def test_a_key_that_may_not_delete_may_not_delete_in_bulk(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    object_id = (await upload(client))["object_id"]
    key_id, key = await create_key(stack.gateway.pool, "writer")
    await stack.gateway.pool.execute("UPDATE api_keys SET permissions = '{read,write}' WHERE key_id = $1", key_id)
    headers = {"Authorization": f"Bearer {key}", "X-Namespace": stack.namespace_id}
    async with stack.bare_client(headers) as writer:
        await refused(writer, 403, "POST", REMOVE, {"object_ids": [object_id], "reason": "r"})
    await ok(client, "GET", f"{OBJECTS}/{object_id}")
