"""Annotations are the record of what people found: versioned, never overwritten, and a judgement of the machine."""

from typing import Any

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, OBJECTS, ok, refused, set_up, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANNOTATIONS = "/v1/annotations"


async def document(client: httpx.AsyncClient, stack: Stack, label: str | None = "Boots") -> str:
    """A document, labelled by a machine."""
    created = await upload(client)
    auto = {"source": "auto", "value": label, "score": 0.8, "taxonomy_id": "tax_x"}
    labels = {} if label is None else {"product_label": auto}
    return await stack.process(created["object_id"], labels=labels, fields={"product_label": label})


async def annotate(client: httpx.AsyncClient, document_id: str, label: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = await ok(client, "POST", ANNOTATIONS, {"document_id": document_id, "label": label, **more})
    return made


@pytest.mark.parametrize(
    ("label", "verdict"),
    [
        ("correct", "correct"),
        ("Approved", "correct"),
        ("boots", "correct"),
        ("false positive", "incorrect"),
        ("Sandals", "incorrect"),
        ("deferred", None),
    ],
)
async def test_an_annotation_judges_the_label_of_a_machine(
    client: httpx.AsyncClient, stack: Stack, label: str, verdict: str | None
) -> None:
    await set_up(client)
    made = await annotate(client, await document(client, stack), label, confidence=0.9, reasoning="looked at it")
    assert made["verdict"] == verdict
    assert made["judged"] == {"field": "product_label", "value": "Boots", "score": 0.8, "taxonomy_id": "tax_x"}
    assert (made["version"], made["revisions"], made["confidence"]) == (1, [], 0.9)
    assert made["actor_type"] in {"user", "api_key"}


async def test_what_a_person_has_overridden_is_still_judged(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    document_id = await document(client, stack)
    await ok(client, "PATCH", f"{DOCUMENTS}/{document_id}", {"product_label": "Sandals"})
    made = await annotate(client, document_id, "Sandals")
    assert (made["verdict"], made["judged"]["value"]) == ("incorrect", "Boots")


async def test_without_a_machines_label_nothing_is_judged(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    made = await annotate(client, await document(client, stack, None), "correct")
    assert (made["verdict"], made["judged"]) == (None, None)


async def test_every_version_stays_readable(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    path = f"{ANNOTATIONS}/{(await annotate(client, await document(client, stack), 'correct'))['annotation_id']}"
    await ok(client, "PATCH", path, {"label": "Sandals", "reasoning": "second look"})
    unchanged = await ok(client, "PATCH", path, {"label": "Sandals"})
    newest = await ok(client, "PATCH", path, {"label": "deferred"})
    assert unchanged["version"] == 2
    assert (newest["version"], newest["verdict"]) == (3, None)
    assert [each["prior"].get("label") for each in newest["revisions"]] == ["correct", "Sandals"]
    labels = [(await ok(client, "GET", f"{path}/versions/{number}"))["label"] for number in (1, 2, 3)]
    assert labels == ["correct", "Sandals", "deferred"]
    versions = await ok(client, "GET", f"{path}/versions")
    assert [each["version"] for each in versions["versions"]] == [3, 2, 1]
    assert versions["versions"][2]["changed_fields"] == ["label", "reasoning", "verdict"]
    await refused(client, 404, "GET", f"{path}/versions/4")


async def test_lists_as_of_a_time_show_what_stood_then(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    first = await annotate(client, await document(client, stack), "correct")
    path = f"{ANNOTATIONS}/{first['annotation_id']}"
    await ok(client, "PATCH", path, {"label": "Sandals"})
    second = await annotate(client, first["document_id"], "deferred")
    await ok(client, "DELETE", path)
    assert [each["label"] for each in (await ok(client, "POST", f"{ANNOTATIONS}/list"))["results"]] == ["deferred"]
    then = await ok(client, "POST", f"{ANNOTATIONS}/list", {"as_of": first["created_at"], "label": "correct"})
    assert [(each["label"], each["version"]) for each in then["results"]] == [("correct", 1)]
    now = await ok(client, "POST", f"{ANNOTATIONS}/list", {"as_of": second["created_at"]})
    assert [each["label"] for each in now["results"]] == ["Sandals", "deferred"]
    await refused(client, 404, "GET", path)
    await refused(client, 404, "PATCH", path, {"label": "x"})


async def test_lists_and_counts(client: httpx.AsyncClient, stack: Stack) -> None:
    collection = (await set_up(client))["collection_id"]
    one, other = await document(client, stack), await document(client, stack)
    for document_id, label in ((one, "correct"), (one, "wrong"), (other, "correct")):
        await annotate(client, document_id, label, collection_id="products_unified", retriever_id="ret_1")
    page = await ok(client, "POST", f"{ANNOTATIONS}/list?limit=1&skip=1", {"collection_id": "products_unified"})
    assert (page["total_count"], page["results"][0]["label"]) == (3, "wrong")
    for wanted in ({"document_id": one}, {"label": "correct"}):
        assert (await ok(client, "POST", f"{ANNOTATIONS}/list", wanted))["total_count"] == 2
    assert (await ok(client, "GET", ANNOTATIONS))["total_count"] == 3
    stats = await ok(client, "GET", f"{ANNOTATIONS}/stats?collection_id={collection}")
    assert stats == {"total": 3, "by_label": {"correct": 2, "wrong": 1}}
    assert (await ok(client, "GET", f"{ANNOTATIONS}/stats?document_id={other}"))["total"] == 1


async def test_in_bulk_each_operation_stands_alone(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    document_id = await document(client, stack)
    old = await annotate(client, document_id, "correct")
    gone = await annotate(client, document_id, "correct")
    body = {
        "create": [{"document_id": document_id, "label": "x"}, {"document_id": "doc_nope", "label": "x"}],
        "update": [{"annotation_id": old["annotation_id"], "label": "wrong"}],
        "delete": [gone["annotation_id"], "ann_nope"],
    }
    answer = await ok(client, "POST", f"{ANNOTATIONS}/bulk", body)
    counts = [answer[f"{name}_count"] for name in ("created", "updated", "deleted", "failed")]
    assert counts == [1, 1, 1, 2]
    assert [each["success"] for each in answer["results"]] == [True, False, True, True, False]


async def test_each_change_is_told(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    made = await annotate(client, await document(client, stack), "correct")
    path = f"{ANNOTATIONS}/{made['annotation_id']}"
    await ok(client, "PATCH", path, {"label": "wrong"})
    await ok(client, "DELETE", path)
    query = "SELECT event_type FROM events WHERE subject_id = $1 ORDER BY seq"
    told = [row["event_type"] for row in await stack.gateway.pool.fetch(query, made["annotation_id"])]
    assert told == ["annotation.created", "annotation.updated", "annotation.deleted"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"label": ""}, "body.label"),
        ({"label": "x" * 101}, "body.label"),
        ({"confidence": 1.5}, "body.confidence"),
        ({"reasoning": "x" * 5001}, "body.reasoning"),
        ({"payload": []}, "body.payload"),
    ],
)
async def test_a_wrong_field_is_named(client: httpx.AsyncClient, change: Any, path: str) -> None:
    error = await refused(client, 422, "POST", ANNOTATIONS, {"document_id": "doc_1", "label": "x", **change})
    assert error["details"]["path"] == path


async def test_an_annotation_needs_a_document_of_its_namespace(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    made = await annotate(client, await document(client, stack), "correct")
    await stack.gateway.pool.execute("INSERT INTO namespaces VALUES ('ns_ann' || $1, 'ann' || $1)", stack.namespace_id)
    async with stack.client(f"ns_ann{stack.namespace_id}") as other:
        await refused(other, 404, "POST", ANNOTATIONS, {"document_id": made["document_id"], "label": "x"})
        await refused(other, 404, "GET", f"{ANNOTATIONS}/{made['annotation_id']}")
        assert (await ok(other, "GET", ANNOTATIONS))["total_count"] == 0


@pytest.mark.parametrize("way", ["document", "batch", "object", "collection"])
async def test_an_annotation_ends_with_its_document(client: httpx.AsyncClient, stack: Stack, way: str) -> None:
    await set_up(client)
    document_id = await document(client, stack)
    made = await annotate(client, document_id, "correct")
    before = (await ok(client, "POST", f"{ANNOTATIONS}/list", {"document_id": document_id}))["results"]
    found = await ok(client, "GET", f"{DOCUMENTS}/{document_id}")
    object_id = found["_internal"]["lineage"]["source_object_id"]
    match way:
        case "document":
            await ok(client, "DELETE", f"{DOCUMENTS}/{document_id}")
        case "batch":
            await ok(client, "DELETE", f"{DOCUMENTS}/batch", {"document_ids": [document_id]})
        case "object":
            assert (await client.request("DELETE", f"{OBJECTS}/{object_id}")).status_code == 204
        case _:
            await stack.gateway.pool.execute("DELETE FROM collections WHERE collection_name = 'products_unified'")
    listed = await ok(client, "POST", f"{ANNOTATIONS}/list", {"document_id": document_id})
    assert (listed["results"], listed["total_count"]) == ([], 0)
    assert (await ok(client, "GET", f"{ANNOTATIONS}/stats"))["total"] == 0
    await refused(client, 404, "GET", f"{ANNOTATIONS}/{made['annotation_id']}")
    then = {"document_id": document_id, "as_of": before[0]["created_at"]}
    assert (await ok(client, "POST", f"{ANNOTATIONS}/list", then))["total_count"] == 1
    told = "SELECT count(*) FROM events WHERE event_type = 'annotation.deleted' AND subject_id = $1"
    assert await stack.gateway.pool.fetchval(told, made["annotation_id"]) == 1
