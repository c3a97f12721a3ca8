"""Whoever changes a label is told what else that concerns: what rested on it, and what waits for it."""

from typing import Any

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, OBJECTS, ok, set_up, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")
Json = dict[str, Any]
LABEL = "product_label"
UNMATCHED = {"matched": False, "confidence": 0.1}


async def human(client: httpx.AsyncClient, stack: Stack, label: str = "Hammer") -> tuple[str, str]:
    """An object with a document that a person labelled; their ids."""
    created = await upload(client)
    labels = {LABEL: {"source": "human", "value": label}}
    match = {"matched": False, "source": "manual", "confidence": 0.0}
    document_id = await stack.process(created["object_id"], match=match, labels=labels, fields={LABEL: label})
    return created["object_id"], document_id


async def resting(client: httpx.AsyncClient, stack: Stack, rests_on: str, label: str = "Hammer") -> str:
    """A document that a machine labelled by another; its id."""
    created = await upload(client)
    lent = {"document_id": rests_on, "field": LABEL, "value": label}
    entry = {"source": "auto", "value": label, "rests_on": [lent], "evidence": [{"document_id": rests_on}]}
    match = {"matched": True, "confidence": 0.9, "source_document_id": rests_on}
    return await stack.process(created["object_id"], match=match, labels={LABEL: entry}, fields={LABEL: label})


async def stale(stack: Stack, *document_ids: str) -> set[str]:
    rows = await stack.gateway.pool.fetch(
        "SELECT document_id FROM documents d WHERE document_id = ANY($1) AND d.stale_fields <> '{}'", list(document_ids)
    )
    return {row["document_id"] for row in rows}


async def waits_for(client: httpx.AsyncClient, affected: Json) -> None:
    task = await ok(client, "GET", f"/v1/tasks/{affected['task_id']}")
    assert (task["status"], task["task_type"]) == ("PENDING", "api_taxonomies_materialize")


@pytest.mark.parametrize("way", ["object", "document", "anywhere", "batch", "cleared"])
async def test_a_correction_tells_what_rested_on_it(client: httpx.AsyncClient, stack: Stack, way: str) -> None:
    await set_up(client)
    object_id, document_id = await human(client, stack)
    first = await resting(client, stack, document_id)
    second = await resting(client, stack, first)
    label = None if way == "cleared" else "Pliers"
    if way in {"object", "cleared"}:
        answer = await ok(client, "PATCH", f"{OBJECTS}/{object_id}", {"metadata": {LABEL: label}})
    elif way == "batch":
        updates = [{"document_id": document_id, "update_data": {LABEL: label}}]
        answer = await ok(client, "POST", f"{DOCUMENTS}/batch", {"updates": updates})
    else:
        path = DOCUMENTS if way == "document" else "/v1/documents"
        answer = await ok(client, "PATCH", f"{path}/{document_id}", {LABEL: label})
    assert answer["affected"]["documents"] == 2
    await waits_for(client, answer["affected"])
    assert {first, second} <= set(stack.surroundings.index.refreshed)
    assert await stale(stack, first, second, document_id) == {first, second}


@pytest.mark.parametrize("way", ["document", "batch", "objects", "collection"])
async def test_a_deletion_tells_what_rested_on_it(client: httpx.AsyncClient, stack: Stack, way: str) -> None:
    await set_up(client)
    object_id, document_id = await human(client, stack)
    follower = await resting(client, stack, document_id)
    if way == "document":
        answer = await ok(client, "DELETE", f"{DOCUMENTS}/{document_id}")
    elif way == "batch":
        answer = await ok(client, "DELETE", f"{DOCUMENTS}/batch", {"document_ids": [document_id]})
    elif way == "objects":
        body = {"object_ids": [object_id], "reason": "wrong"}
        answer = await ok(client, "POST", f"{OBJECTS}/bulk-soft-delete", body)
    else:
        answer = await ok(client, "DELETE", "/v1/collections/products_unified")
        assert answer["affected"] is None
        return
    assert answer["affected"]["documents"] == 1
    await waits_for(client, answer["affected"])
    assert await stale(stack, follower) == {follower}


async def test_the_deletion_of_an_object_tells_in_its_headers(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    object_id, document_id = await human(client, stack)
    await resting(client, stack, document_id)
    response = await client.delete(f"{OBJECTS}/{object_id}")
    assert (response.status_code, response.headers["x-affected-documents"]) == (204, "1")
    await waits_for(client, {"task_id": response.headers["x-affected-task"]})


async def test_what_nothing_rests_on_concerns_nobody(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    object_id, _ = await human(client, stack)
    answer = await ok(client, "PATCH", f"{OBJECTS}/{object_id}", {"metadata": {LABEL: "Pliers"}})
    assert "affected" not in answer


@pytest.mark.parametrize("verdict", ["incorrect", "rejected", "Pliers"])
async def test_a_label_that_is_called_wrong_is_no_reference(
    client: httpx.AsyncClient, stack: Stack, verdict: str
) -> None:
    await set_up(client)
    _, document_id = await human(client, stack)
    first = await resting(client, stack, document_id)
    second = await resting(client, stack, first)
    answer = await ok(client, "POST", "/v1/annotations", {"document_id": first, "label": verdict})
    assert (answer["verdict"], answer["affected"]["documents"]) == ("incorrect", 1)
    assert await stale(stack, first, second) == {first, second}
    await ok(client, "PATCH", f"/v1/annotations/{answer['annotation_id']}", {"label": "correct"})
    assert await stale(stack, first) == set()


async def test_a_label_that_is_called_wrong_says_so_and_waits_for_a_person(
    client: httpx.AsyncClient, stack: Stack
) -> None:
    await set_up(client)
    _, document_id = await human(client, stack)
    wrong = await resting(client, stack, document_id)
    queue = "/v1/collections/products_unified/analytics/review-queue"
    assert (await ok(client, "GET", queue))["length"] == 0
    await ok(client, "POST", "/v1/annotations", {"document_id": wrong, "label": "incorrect"})
    shown = await ok(client, "GET", f"{DOCUMENTS}/{wrong}")
    assert (shown[LABEL], shown["_internal"]["stale"]) == ("Hammer", {LABEL: True})
    waiting = await ok(client, "GET", queue)
    assert (waiting["length"], waiting["fields"][0]["called_wrong"]) == (1, 1)
    shown = await ok(client, "PATCH", f"{DOCUMENTS}/{wrong}", {LABEL: "Pliers"})
    assert "stale" not in shown["_internal"]
    assert (await ok(client, "GET", queue))["length"] == 0


async def test_a_persons_label_can_be_called_wrong_too(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    object_id, document_id = await human(client, stack)
    follower = await resting(client, stack, document_id)
    body = {"create": [{"document_id": document_id, "label": "incorrect"}]}
    answer = await ok(client, "POST", "/v1/annotations/bulk", body)
    assert answer["affected"]["documents"] == 1
    assert await stale(stack, document_id, follower) == {document_id, follower}
    await ok(client, "PATCH", f"{OBJECTS}/{object_id}", {"metadata": {LABEL: "Pliers"}})
    assert await stale(stack, document_id) == set()


async def test_a_deleted_annotation_no_longer_counts(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    _, document_id = await human(client, stack)
    first = await resting(client, stack, document_id)
    made = await ok(client, "POST", "/v1/annotations", {"document_id": first, "label": "wrong"})
    await ok(client, "DELETE", f"/v1/annotations/{made['annotation_id']}")
    assert await stale(stack, first) == set()


async def test_labelling_offers_to_label_what_waits(client: httpx.AsyncClient, stack: Stack) -> None:
    collection = await set_up(client)
    created = [await upload(client) for _ in range(3)]
    for each in created:
        await stack.process(each["object_id"], match=UNMATCHED)
    answer = await ok(client, "PATCH", f"{OBJECTS}/{created[0]['object_id']}", {"metadata": {LABEL: "Hammer"}})
    affected = answer["affected"]
    assert (affected["documents"], affected["task_id"]) == (0, None)
    assert (affected["unlabelled"], affected["unlabelled_is_more"]) == (2, False)
    assert affected["next_step"] == f"POST /v1/collections/{collection['collection_id']}/apply-taxonomy"
    method, path = affected["next_step"].split(" ")
    assert (await ok(client, method, path))["estimated_documents"] == 3


async def test_the_evidence_that_is_shown_is_as_it_is_now(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    _, document_id = await human(client, stack)
    other_object, other = await human(client, stack)
    created = await upload(client)
    evidence = [{"document_id": each, "label": "Hammer", "label_source": "human"} for each in (document_id, other)]
    lent = {"document_id": document_id, "field": LABEL, "value": "Hammer"}
    entry = {"source": "auto", "value": "Hammer", "rests_on": [lent], "evidence": evidence}
    follower = await stack.process(created["object_id"], labels={LABEL: entry}, fields={LABEL: "Hammer"})
    answer = await ok(client, "PATCH", f"{OBJECTS}/{other_object}", {"metadata": {LABEL: "Saw"}})
    assert (answer.get("affected") or {"documents": 0})["documents"] == 0
    shown = await ok(client, "GET", f"{DOCUMENTS}/{follower}")
    assert [each["label"] for each in shown["_internal"]["labels"][LABEL]["evidence"]] == ["Hammer", "Saw"]
    await client.delete(f"{OBJECTS}/{other_object}")
    (shown,) = [each for each in (await ok(client, "GET", DOCUMENTS))["results"] if each["document_id"] == follower]
    assert [each["label"] for each in shown["_internal"]["labels"][LABEL]["evidence"]] == ["Hammer", None]


@pytest.mark.parametrize("way", ["changed", "deleted", "named"])
async def test_a_change_of_many_tells_what_rests_on_them(client: httpx.AsyncClient, stack: Stack, way: str) -> None:
    await set_up(client)
    _, document_id = await human(client, stack)
    first = await resting(client, stack, document_id)
    await resting(client, stack, first)
    people = {"field": f"_internal.labels.{LABEL}.source", "operator": "eq", "value": "human"}
    selection: Json = {"document_ids": [document_id]} if way == "named" else {"filters": people}
    if way == "deleted":
        answer = await ok(client, "DELETE", f"{DOCUMENTS}/batch", selection)
    else:
        answer = await ok(client, "PATCH", f"{DOCUMENTS}/bulk", {**selection, "update_data": {LABEL: "Pliers"}})
    assert (answer["affected"]["documents"], answer["affected"]["task_id"]) == (2, answer["task_id"])


@pytest.mark.parametrize("changes", [{LABEL: "Hammer"}, {"note": "x"}])
async def test_a_change_of_many_that_changes_no_label_concerns_nobody(
    client: httpx.AsyncClient, stack: Stack, changes: Json
) -> None:
    await set_up(client)
    _, document_id = await human(client, stack)
    await resting(client, stack, document_id)
    body = {"document_ids": [document_id], "update_data": changes}
    assert (await ok(client, "PATCH", f"{DOCUMENTS}/bulk", body))["affected"] is None


async def test_labelling_many_offers_to_label_the_others(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    ids = [await stack.process((await upload(client))["object_id"], match=UNMATCHED) for _ in range(3)]
    body = {"document_ids": ids[:1], "update_data": {LABEL: "Hammer"}}
    affected = (await ok(client, "PATCH", f"{DOCUMENTS}/bulk", body))["affected"]
    assert (affected["documents"], affected["unlabelled"]) == (0, 2)
    assert affected["next_step"].endswith("/apply-taxonomy")


@pytest.mark.parametrize("way", ["object", "document"])
async def test_about_what_a_person_takes_away_a_machine_is_asked(
    client: httpx.AsyncClient, stack: Stack, way: str
) -> None:
    await set_up(client)
    created = await upload(client)
    imported = {LABEL: {"source": "import", "value": "Hammer"}}
    match = {"matched": False, "source": "import", "confidence": 0.0}
    document_id = await stack.process(created["object_id"], match=match, labels=imported, fields={LABEL: "Hammer"})
    if way == "object":
        answer = await ok(client, "PATCH", f"{OBJECTS}/{created['object_id']}", {"metadata": {LABEL: None}})
    else:
        answer = await ok(client, "PATCH", f"{DOCUMENTS}/{document_id}", {LABEL: None})
    assert answer["affected"]["documents"] == 0
    await waits_for(client, answer["affected"])
    assert await stale(stack, document_id) == set()
