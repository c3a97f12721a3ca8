"""The feed of events: pages, filters, cursors, and who may read what."""

import base64
import time

import httpx
import orjson
import pytest

from services.common.database.api_keys import create_key
from services.common.database.events.outbox import record_event
from services.common.ids import new_id
from services.gateway.events.cursors import Place, read_place, write_place
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import feed_cursor, feed_events, ok, refused

pytestmark = pytest.mark.asyncio(loop_scope="session")

FEED = "/v1/events"


async def tell(stack: Stack, *subjects: str, event_type: str = "object.created", namespace: str | None = None) -> None:
    async with stack.gateway.pool.acquire() as connection:
        for subject in subjects:
            await record_event(connection, namespace or stack.namespace_id, event_type, subject, {"bucket_id": "bkt_1"})


async def test_an_event_says_what_happened_to_what(client: httpx.AsyncClient, stack: Stack) -> None:
    await tell(stack, "obj_1")
    page = await ok(client, "GET", FEED)
    [event] = page["results"]
    assert event["event_id"].startswith("evt_")
    assert (event["event_type"], event["resource_type"], event["operation"]) == ("object.created", "object", "insert")
    assert event["payload"] == {"object_id": "obj_1", "bucket_id": "bkt_1"}
    assert (event["namespace_id"], event["resource_id"], event["trace_id"]) == (stack.namespace_id, "obj_1", None)
    assert page["has_more"] is False


async def test_pages_run_through_all_of_them(client: httpx.AsyncClient, stack: Stack) -> None:
    names = [f"obj_{number}" for number in range(7)]
    await tell(stack, *names)
    for limit in (1, 3, 7, 8):
        assert [each["resource_id"] for each in await feed_events(client, limit=limit)] == names
    page = await ok(client, "GET", f"{FEED}?page_size=7")
    assert page["has_more"] is False
    page = await ok(client, "GET", f"{FEED}?limit=6&page_size=2")
    assert (len(page["results"]), page["has_more"]) == (6, True)


async def test_it_goes_on_from_each_event_and_from_an_empty_page(client: httpx.AsyncClient, stack: Stack) -> None:
    await tell(stack, "a", "b", "c")
    first = await ok(client, "GET", FEED)
    for name in ("cursor", "next_cursor", "after"):
        found = await ok(client, "GET", FEED, params={name: first["results"][0]["cursor"]})
        assert [each["resource_id"] for each in found["results"]] == ["b", "c"]
    cursor = await feed_cursor(client)
    empty = await ok(client, "GET", FEED, params={"cursor": cursor})
    assert (empty["results"], empty["has_more"]) == ([], False)
    await tell(stack, "d")
    assert [each["resource_id"] for each in await feed_events(client, empty["next_cursor"])] == ["d"]
    assert [each["resource_id"] for each in await feed_events(client, first["next_cursor"])] == ["d"]


async def test_a_reader_that_is_up_to_date_keeps_its_cursor(client: httpx.AsyncClient) -> None:
    cursor = await feed_cursor(client)
    for _ in range(3):
        assert (await ok(client, "GET", FEED, params={"cursor": cursor}))["next_cursor"] == cursor


async def test_of_one_type_alone(client: httpx.AsyncClient, stack: Stack) -> None:
    await tell(stack, "a", "b")
    await tell(stack, "col", event_type="collection.documents.written")
    found = await feed_events(client, event_type="collection.documents.written", limit=1)
    assert [(each["resource_id"], each["resource_type"], each["operation"]) for each in found] == [
        ("col", "collection", "other")
    ]
    assert await feed_events(client, event_type="alert.deleted") == []
    await refused(client, 422, "GET", f"{FEED}?event_type=no.such.type")


async def test_a_namespace_sees_its_own_and_the_organization_all(client: httpx.AsyncClient, stack: Stack) -> None:
    other = new_id("ns")
    await stack.gateway.pool.execute(
        "INSERT INTO namespaces (namespace_id, namespace_name) VALUES ($1, $1 || '_name')", other
    )
    await tell(stack, "mine")
    await tell(stack, "theirs", namespace=other)
    assert [each["resource_id"] for each in await feed_events(client)] == ["mine"]
    async with stack.bare_client({"Authorization": f"Bearer {stack.key}"}) as everywhere:
        found = {each["resource_id"] for each in await feed_events(everywhere, limit=1000)}
        assert {"mine", "theirs"} <= found
        for name in (other, f"{other}_name"):
            assert [each["resource_id"] for each in await feed_events(everywhere, namespace_id=name)] == ["theirs"]
        await refused(everywhere, 404, "GET", f"{FEED}?namespace_id=ns_nowhere")
    await ok(client, "GET", f"{FEED}?namespace_id={stack.namespace_id}_name")
    await refused(client, 422, "GET", f"{FEED}?namespace_id={other}")
    error = await refused(client, 422, "GET", f"{FEED}?namespace_id={other}")
    assert error["details"]["path"] == "query.namespace_id"


async def test_a_restricted_key_sees_its_namespaces_alone(client: httpx.AsyncClient, stack: Stack) -> None:
    await tell(stack, "mine")
    other = new_id("ns")
    await stack.gateway.pool.execute("INSERT INTO namespaces (namespace_id, namespace_name) VALUES ($1, $1)", other)
    await tell(stack, "theirs", namespace=other)
    key_id, key = await create_key(stack.gateway.pool, "scoped")
    scopes = [{"resource_type": "namespace", "resource_id": stack.namespace_id, "operations": ["read_data"]}]
    await stack.gateway.pool.execute("UPDATE api_keys SET scopes = $2 WHERE key_id = $1", key_id, scopes)
    async with stack.bare_client({"Authorization": f"Bearer {key}"}) as scoped:
        assert [each["resource_id"] for each in await feed_events(scoped)] == ["mine"]
        assert [each["resource_id"] for each in await feed_events(scoped, namespace_id=stack.namespace_id)] == ["mine"]
        await refused(scoped, 403, "GET", f"{FEED}?namespace_id={other}")
    async with stack.bare_client({}) as nobody:
        await refused(nobody, 401, "GET", FEED)


@pytest.mark.parametrize(
    "cursor",
    ["x", "é", "%00", "eyJ4IjoxfQ", base64.urlsafe_b64encode(orjson.dumps(["1:1:", "9:3:", 1, 2, 3])).decode()],
)
async def test_a_cursor_that_is_none_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    error = await refused(client, 422, "GET", f"{FEED}?cursor={cursor}")
    assert error["details"]["path"] == "query.cursor"


async def test_a_cursor_of_another_server_is_refused(client: httpx.AsyncClient) -> None:
    ahead = Place(since="1:1:", until=f"{2**60}:{2**60}:", after=0, last=0, at=int(time.time()))
    await refused(client, 422, "GET", f"{FEED}?cursor={write_place(ahead)}")


async def test_a_cursor_from_before_what_is_kept_says_what_to_do(client: httpx.AsyncClient, stack: Stack) -> None:
    await tell(stack, "a")
    place = read_place(await feed_cursor(client))
    old = write_place(Place(since=place.since, until=place.until, after=1, last=1, at=place.at - 92 * 86_400))
    error = await refused(client, 400, "GET", f"{FEED}?cursor={old}")
    assert "90 days" in error["message"]
    assert "without a cursor" in error["message"]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "page_size=-1", "limit=1e3"])
async def test_a_bad_size_is_refused(client: httpx.AsyncClient, query: str) -> None:
    await refused(client, 422, "GET", f"{FEED}?{query}")
