"""Each change is told by an event that says where its subject belongs, once, and only if it was committed."""

from typing import Any

import asyncpg
import httpx
import orjson
import pytest

from services.common.events.event_types import OWN, RAISED
from tests.contract.taxonomies.test_taxonomies import flat
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, OBJECTS, feed_cursor, feed_events, ok, refused, set_up, upload
from tests.support.tutorial.option_a import BOOTSTRAP_OBJECT, COLLECTION

pytestmark = pytest.mark.asyncio(loop_scope="session")

Told = list[tuple[str, dict[str, Any]]]
PATH = "/v1/collections/products_unified"


class Listener:
    """What a namespace's feed has told since the last look."""

    def __init__(self, client: httpx.AsyncClient, cursor: str) -> None:
        self._client = client
        self._cursor = cursor

    async def hear(self) -> Told:
        found = await feed_events(self._client, self._cursor)
        self._cursor = found[-1]["cursor"] if found else self._cursor
        for each in found:
            assert each["event_type"] in RAISED | OWN
            assert len(orjson.dumps(each["payload"])) < 20_000
        assert len({each["event_id"] for each in found}) == len(found)
        return [(each["event_type"], each["payload"]) for each in found]

    async def types(self) -> list[str]:
        return [event_type for event_type, _ in await self.hear()]


async def listening(client: httpx.AsyncClient) -> Listener:
    return Listener(client, await feed_cursor(client))


async def test_objects(client: httpx.AsyncClient, stack: Stack) -> None:
    collection = await set_up(client)
    place = {"bucket_id": collection["source"]["bucket_ids"][0]}
    listener = await listening(client)
    object_id = (await upload(client))["object_id"]
    assert await listener.hear() == [("object.created", {"object_id": object_id, **place})]
    document_id = await stack.process(object_id)
    place["collection_id"] = collection["collection_id"]
    written = {"document_ids": [document_id], "document_count": 1, "created_count": 1, "updated_count": 0}
    document = {"document_id": document_id, "object_id": object_id, **place}
    assert await listener.hear() == [
        ("document.created", document),
        ("collection.documents.written", {"collection_id": place["collection_id"], **written}),
    ]
    await ok(client, "PATCH", f"{OBJECTS}/{object_id}", {"metadata": {"product_label": "Boots", "note": "x"}})
    assert await listener.hear() == [
        (
            "object.updated",
            {"object_id": object_id, "bucket_id": place["bucket_id"], "fields": ["note", "product_label"]},
        ),
        ("document.updated", {**document, "fields": ["product_label"]}),
    ]
    await client.delete(f"{OBJECTS}/{object_id}")
    assert await listener.hear() == [
        ("object.deleted", {"object_id": object_id, "bucket_id": place["bucket_id"]}),
        ("document.deleted", document),
    ]


async def test_many_objects(client: httpx.AsyncClient) -> None:
    await set_up(client)
    listener = await listening(client)
    body = {"objects": [{**BOOTSTRAP_OBJECT, "idempotency_key": "same"}, BOOTSTRAP_OBJECT, {"blobs": "no"}]}
    made = (await ok(client, "POST", f"{OBJECTS}/batch", body))["succeeded"]
    told = await listener.hear()
    assert [event_type for event_type, _ in told] == ["object.created", "object.created", "objects.created.batch"]
    ids = [each["object_id"] for each in made]
    assert told[-1][1] == {"bucket_id": made[0]["bucket_id"], "object_ids": ids, "object_count": 2}
    await ok(client, "POST", f"{OBJECTS}/batch", {"objects": [{**BOOTSTRAP_OBJECT, "idempotency_key": "same"}]})
    assert await listener.hear() == []
    await ok(client, "POST", f"{OBJECTS}/bulk-soft-delete", {"object_ids": ids, "reason": "wrong"})
    assert [(kind, payload["reason"]) for kind, payload in await listener.hear()] == [("object.deleted", "wrong")] * 2


async def test_documents(client: httpx.AsyncClient) -> None:
    await set_up(client)
    listener = await listening(client)
    one, two = [(await ok(client, "POST", DOCUMENTS, {"name": name}))["document_id"] for name in "ab"]
    written = ["object.created", "document.created", "collection.documents.written"]
    assert await listener.types() == written * 2
    await ok(client, "PATCH", f"{DOCUMENTS}/{one}", {"name": "c", "size.eu": 42})
    [(kind, payload)] = await listener.hear()
    assert (kind, payload["document_id"], payload["fields"]) == ("document.updated", one, ["name", "size"])
    edits = [{"document_id": each, "update_data": {"name": "d"}} for each in (one, two, "doc_none")]
    await ok(client, "POST", f"{DOCUMENTS}/batch", {"updates": edits})
    told = await listener.hear()
    assert sorted(kind for kind, _ in told) == ["document.updated", "document.updated", "documents.updated.batch"]
    assert (told[-1][1]["document_count"], set(told[-1][1]["document_ids"])) == (2, {one, two})
    await ok(client, "DELETE", f"{DOCUMENTS}/batch", {"document_ids": [one, two]})
    gone = ["document.deleted"] * 2 + ["documents.deleted.batch"] + ["object.deleted"] * 2
    assert sorted(await listener.types()) == gone


async def test_long_lists_and_names_are_cut(client: httpx.AsyncClient) -> None:
    await set_up(client)
    document_id = (await ok(client, "POST", DOCUMENTS, {"name": "a"}))["document_id"]
    listener = await listening(client)
    await ok(client, "PATCH", f"{DOCUMENTS}/{document_id}", {f"{'é' * 200}{number}": 1 for number in range(300)})
    [(_, payload)] = await listener.hear()
    assert (len(payload["fields"]), payload["field_count"]) == (50, 300)


async def test_collections(client: httpx.AsyncClient, stack: Stack) -> None:
    listener = await listening(client)
    collection = await set_up(client)
    created, taxonomy = await listener.hear()
    about = {
        "collection_id": collection["collection_id"],
        "collection_name": "products_unified",
        "bucket_ids": collection["source"]["bucket_ids"],
        "source_collection_ids": [],
    }
    assert created == ("collection.created", about)
    assert (taxonomy[0], taxonomy[1]["collection_id"]) == ("taxonomy.created", about["collection_id"])
    await ok(client, "PATCH", PATH, {"description": "new", "metadata": {"x": 1}})
    assert await listener.hear() == [("collection.updated", {**about, "fields": ["description", "metadata"]})]
    await ok(client, "PATCH", PATH, {"taxonomy": {"confidence_threshold": 0.7}})
    assert await listener.types() == ["taxonomy.updated", "collection.updated"]
    await ok(client, "PATCH", PATH, {"taxonomy": None})
    assert await listener.types() == ["taxonomy.deleted", "collection.updated"]


async def test_a_collection_takes_along_what_was_made_of_it(client: httpx.AsyncClient, stack: Stack) -> None:
    collection = await set_up(client)
    tier = {**COLLECTION, "collection_name": "tier", "taxonomy": None}
    tier["source"] = {"type": "collection", "collection_id": "products_unified"}
    await ok(client, "POST", "/v1/collections", tier)
    source_id = await stack.process((await upload(client))["object_id"])
    await ok(client, "POST", "/v1/collections/tier/documents", {"source_document_id": source_id, "name": "made"})
    listener = await listening(client)
    await ok(client, "DELETE", PATH)
    told = await listener.hear()
    documents, others = ["document.deleted"] * 2, ["collection.updated", "taxonomy.deleted", "collection.deleted"]
    # The object had waited for this collection alone, and ends with it.
    assert [kind for kind, _ in told] == [*documents, "object.updated", *others]
    assert (told[3][1]["collection_name"], told[3][1]["fields"]) == ("tier", ["enabled"])
    assert (told[5][1]["collection_id"], told[5][1]["document_count"]) == (collection["collection_id"], 2)


async def test_taxonomies(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    parts = {"collection": collection, "retriever": collection["taxonomy"]["retriever_id"]}
    listener = await listening(client)
    await ok(client, "POST", "/v1/taxonomies", flat(parts))
    [(kind, payload)] = await listener.hear()
    assert (kind, payload["taxonomy_name"], payload["label_fields"]) == ("taxonomy.created", "kinds", ["kind"])
    await ok(client, "PATCH", "/v1/taxonomies/kinds", {"description": "x"})
    await ok(client, "POST", "/v1/taxonomies/kinds/versions", {"config": {"top_k": 3}})
    told = await listener.hear()
    assert [(kind, each["fields"], each["version"]) for kind, each in told] == [
        ("taxonomy.updated", ["description"], 1),
        ("taxonomy.updated", ["config"], 2),
    ]
    await ok(client, "PATCH", PATH, {"taxonomy_applications": [{"taxonomy_id": "kinds"}]})
    [(_, payload)] = await listener.hear()
    assert payload["fields"] == ["taxonomy_applications"]
    await ok(client, "DELETE", "/v1/taxonomies/kinds?force=true")
    assert await listener.types() == ["collection.updated", "taxonomy.deleted"]


async def test_annotations(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    document_id = await stack.process((await upload(client))["object_id"])
    listener = await listening(client)
    made = await ok(client, "POST", "/v1/annotations", {"document_id": document_id, "label": "Boots"})
    path = f"/v1/annotations/{made['annotation_id']}"
    for body in ({"label": "Shoes", "confidence": 0.5}, {"label": "Shoes"}):
        await ok(client, "PATCH", path, body)
    await ok(client, "DELETE", path)
    told = await listener.hear()
    assert [kind for kind, _ in told] == [f"annotation.{verb}" for verb in ("created", "updated", "deleted")]
    assert all((each["document_id"], each["collection_id"]) == (document_id, made["collection_id"]) for _, each in told)
    assert {"label", "confidence"} <= set(told[1][1]["fields"])


async def test_what_is_refused_or_changes_nothing_is_not_told(client: httpx.AsyncClient) -> None:
    await set_up(client)
    listener = await listening(client)
    await refused(client, 409, "POST", "/v1/collections", COLLECTION)
    await refused(client, 404, "PATCH", f"{OBJECTS}/obj_none", {"metadata": {"x": 1}})
    await refused(client, 404, "DELETE", f"{DOCUMENTS}/doc_none")
    await ok(client, "POST", f"{DOCUMENTS}/batch", {"updates": [{"document_id": "doc_none", "update_data": {"x": 1}}]})
    assert await listener.hear() == []


FAIL = """
    CREATE FUNCTION fail_{ns}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
    CREATE CONSTRAINT TRIGGER fail_{ns} AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW WHEN (NEW.namespace_id = '{ns}') EXECUTE FUNCTION fail_{ns}()"""
TABLES = ("objects", "documents", "collections", "taxonomies", "annotations", "events")


async def contents(pool: asyncpg.Pool, namespace_id: str) -> dict[str, list[str]]:
    queries = {name: f"SELECT to_jsonb(t)::text AS row FROM {name} t WHERE namespace_id = $1" for name in TABLES}
    return {
        name: sorted(row["row"] for row in await pool.fetch(query, namespace_id)) for name, query in queries.items()
    }


async def test_a_change_that_is_not_committed_is_not_told(client: httpx.AsyncClient, stack: Stack) -> None:
    """Every transaction fails at its commit: after its event was written."""
    collection = await set_up(client)
    parts = {"collection": collection, "retriever": collection["taxonomy"]["retriever_id"]}
    object_id = (await upload(client))["object_id"]
    document_id = await stack.process(object_id)
    pool, namespace_id = stack.gateway.pool, stack.namespace_id
    before = await contents(pool, namespace_id)
    await pool.execute(FAIL.format(ns=namespace_id))
    try:
        for method, path, body in (
            ("POST", OBJECTS, BOOTSTRAP_OBJECT),
            ("PATCH", f"{OBJECTS}/{object_id}", {"metadata": {"product_label": "Boots"}}),
            ("DELETE", f"{OBJECTS}/{object_id}", None),
            ("POST", DOCUMENTS, {"name": "x"}),
            ("PATCH", f"{DOCUMENTS}/{document_id}", {"name": "x"}),
            ("DELETE", f"{DOCUMENTS}/batch", {"document_ids": [document_id]}),
            ("PATCH", PATH, {"description": "x"}),
            ("DELETE", PATH, None),
            ("POST", "/v1/taxonomies", flat(parts)),
            ("POST", "/v1/annotations", {"document_id": document_id, "label": "Boots"}),
        ):
            assert (await client.request(method, path, json=body)).status_code == 500, path
    finally:
        await pool.execute(f"DROP TRIGGER fail_{namespace_id} ON events; DROP FUNCTION fail_{namespace_id}")
    assert await contents(pool, namespace_id) == before


async def test_an_object_is_renamed_with_its_documents(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    created = await upload(client, {**BOOTSTRAP_OBJECT, "metadata": {"product_label": "Bots", "price": 3}})
    document_id = await stack.process(created["object_id"], fields={"product_label": "Bots"})
    await ok(client, "PATCH", f"{DOCUMENTS}/{document_id}", {"product_label": "Boots"})
    after = await ok(client, "GET", f"{OBJECTS}/{created['object_id']}")
    assert (after["metadata"]["product_label"], after["metadata"]["price"]) == ("Boots", 3)
    listener = await listening(client)
    await ok(client, "PATCH", f"{DOCUMENTS}/{document_id}", {"product_label": "Boots", "price": 4})
    assert await listener.types() == ["document.updated"]
