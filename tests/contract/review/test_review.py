"""Review: what waits is shown in groups, once; what is decided is done once, seen by others, and can be undone."""

from typing import Any

import httpx
import pytest

from services.common.ids import new_id
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, OBJECTS, ok, refused, set_up, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")

REVIEW = "/v1/collections/products_unified/review"
DECISIONS = f"{REVIEW}/decisions"
FIELD = "product_label"


async def documents(client: httpx.AsyncClient, stack: Stack, count: int, label: str | None = None) -> list[str]:
    """Documents without a label, or with one that a machine is unsure of."""
    auto = {"source": "auto", "value": label, "score": 0.35, "threshold": 0.3, "taxonomy_id": "tax_x"}
    labels = {} if label is None else {FIELD: auto}
    match = {"matched": label is not None, "confidence": 0.35 if label else 0.1}
    made = []
    for _ in range(count):
        created = await upload(client)
        made.append(await stack.process(created["object_id"], labels=labels, fields={FIELD: label}, match=match))
    return made


async def shown(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """All documents of a review, page by page."""
    found, cursor = [], None
    while True:
        page = await ok(client, "GET", REVIEW, params={**query, **({"cursor": cursor} if cursor else {})})
        found += [document for group in page["groups"] for document in group["documents"]]
        if (cursor := page["next_cursor"]) is None:
            return found


async def versions(client: httpx.AsyncClient, **query: Any) -> dict[str, str]:
    return {each["document_id"]: each["version"] for each in await shown(client, **query)}


def decision(action: str, seen: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    documents = [{"document_id": key, "version": version} for key, version in (seen or {}).items()]
    return {"decision_id": new_id("dec"), "action": action, "documents": documents, **more}


async def decide(client: httpx.AsyncClient, *decisions: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await ok(client, "POST", DECISIONS, {"decisions": list(decisions)})
    return list(answer["results"])


def outcomes(result: dict[str, Any]) -> list[str]:
    return [each["outcome"] for each in result["documents"]]


async def label_of(client: httpx.AsyncClient, document_id: str) -> tuple[Any, str | None]:
    found = await ok(client, "GET", f"{DOCUMENTS}/{document_id}")
    return found["metadata"].get(FIELD), (found["_internal"]["labels"].get(FIELD) or {}).get("source")


async def test_each_document_that_waits_is_shown_once(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    made = await documents(client, stack, 7)
    await documents(client, stack, 2, "Boots")
    page = await ok(client, "GET", REVIEW, params={"limit": 2, "group_size": 2})
    assert (page["field"], page["waiting"], page["waiting_is_more"]) == (FIELD, 7, False)
    assert [len(group["documents"]) for group in page["groups"]] == [2, 2]
    found = await shown(client, limit=2, group_size=2)
    assert sorted(each["document_id"] for each in found) == sorted(made)


async def test_what_is_decided_meanwhile_is_left_out_of_later_pages(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    made = await documents(client, stack, 4)
    first = await ok(client, "GET", REVIEW, params={"limit": 1, "group_size": 2})
    seen = {each["document_id"] for group in first["groups"] for each in group["documents"]}
    (other, last) = [each for each in made if each not in seen]
    await ok(client, "PATCH", f"{DOCUMENTS}/{other}", {FIELD: "Boots"})
    rest = await ok(client, "GET", REVIEW, params={"limit": 5, "group_size": 2, "cursor": first["next_cursor"]})
    assert [each["document_id"] for group in rest["groups"] for each in group["documents"]] == [last]


async def test_a_label_is_a_persons_and_no_longer_waits(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    made = await documents(client, stack, 3)
    seen = await versions(client)
    (result,) = await decide(client, decision("label", seen, label=" Boots "))
    assert outcomes(result) == ["done"] * 3
    assert await label_of(client, made[0]) == ("Boots", "human")
    assert await shown(client) == []
    assert set(stack.surroundings.index.refreshed) >= set(made)
    assert all(each["version"] != seen[each["document_id"]] for each in result["documents"])


async def test_a_decision_that_is_sent_twice_counts_once(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    (document,) = await documents(client, stack, 1)
    made = decision("label", await versions(client), label="Boots")
    (first,) = await decide(client, made)
    await ok(client, "PATCH", f"{DOCUMENTS}/{document}", {FIELD: "Sandals"})
    (again,) = await decide(client, made)
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert again["documents"] == first["documents"]
    assert (await label_of(client, document))[0] == "Sandals"
    (taken,) = await decide(client, {**made, "label": "Hats"})
    assert "another decision" in taken["error"]


async def test_what_another_person_decided_is_not_overwritten(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    made = await documents(client, stack, 3)
    seen = await versions(client)
    await decide(client, decision("label", {made[0]: seen[made[0]]}, label="Boots"))
    (result,) = await decide(client, decision("label", seen, label="Sandals"))
    by_id = {each["document_id"]: each for each in result["documents"]}
    assert by_id[made[0]]["outcome"] == "conflict"
    assert (by_id[made[0]]["label"], by_id[made[0]]["label_source"]) == ("Boots", "human")
    assert [by_id[each]["outcome"] for each in made[1:]] == ["done", "done"]
    (now,) = await decide(client, decision("label", {made[0]: by_id[made[0]]["version"]}, label="Sandals"))
    assert outcomes(now) == ["done"]


async def test_who_agrees_is_in_no_conflict(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    await documents(client, stack, 1)
    seen = await versions(client)
    await decide(client, decision("label", seen, label="Boots"))
    (again,) = await decide(client, decision("label", seen, label="Boots"))
    assert outcomes(again) == ["unchanged"]


async def test_a_machine_that_labels_meanwhile_is_no_conflict(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    (document,) = await documents(client, stack, 1)
    seen = await versions(client)
    entry = {"source": "auto", "value": "Hats", "score": 0.9}
    update = "UPDATE documents SET labels = $2, fields = fields || $3 WHERE document_id = $1"
    await stack.gateway.pool.execute(update, document, {FIELD: entry}, {FIELD: "Hats"})
    (result,) = await decide(client, decision("label", seen, label="Boots"))
    assert outcomes(result) == ["done"]


async def test_an_unknown_one_is_left_to_machines_and_an_ignored_one_is_not(
    client: httpx.AsyncClient, stack: Stack
) -> None:
    await set_up(client)
    unknown, ignored = await documents(client, stack, 2)
    seen = await versions(client)
    results = await decide(
        client,
        decision("unknown", {unknown: seen[unknown]}),
        decision("ignore", {ignored: seen[ignored]}),
    )
    assert [outcomes(each) for each in results] == [["done"], ["done"]]
    assert await label_of(client, unknown) == (None, None)
    assert await label_of(client, ignored) == (None, "human")
    assert await shown(client) == []
    (waiting,) = await shown(client, kind="ignored")
    assert waiting["document_id"] == ignored
    await decide(client, decision("label", {ignored: waiting["version"]}, label="Boots"))
    assert await shown(client, kind="ignored") == []


async def test_unsure_labels_and_wrong_ones_wait_too(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    unsure, wrong = await documents(client, stack, 2, "Boots")
    await ok(client, "POST", "/v1/annotations", {"document_id": wrong, "label": "incorrect"})
    (found,) = await shown(client, kind="unsure")
    assert (found["document_id"], found["label"], found["score"]) == (unsure, "Boots", 0.35)
    assert [each["document_id"] for each in await shown(client, kind="wrong")] == [wrong]
    assert await shown(client, kind="unsure", low=0.3) == []
    await decide(client, decision("label", await versions(client, kind="wrong"), label="Sandals"))
    assert await shown(client, kind="wrong") == []


@pytest.mark.parametrize("action", ["label", "unknown", "ignore"])
async def test_every_decision_can_be_undone(client: httpx.AsyncClient, stack: Stack, action: str) -> None:
    await set_up(client)
    made = await documents(client, stack, 2, "Boots")
    before = [await ok(client, "GET", f"{DOCUMENTS}/{each}") for each in made]
    more = {"label": "Sandals"} if action == "label" else {}
    first = decision(action, await versions(client, kind="unsure"), **more)
    await decide(client, first)
    assert await shown(client, kind="unsure") == []
    (undo,) = await decide(client, decision("undo", undoes=first["decision_id"]))
    assert outcomes(undo) == ["done", "done"]
    for document_id, was in zip(made, before, strict=True):
        now = await ok(client, "GET", f"{DOCUMENTS}/{document_id}")
        assert now["metadata"] == was["metadata"]
        assert now["taxonomy_match"] == was["taxonomy_match"]
        assert now["_internal"]["labels"] == was["_internal"]["labels"]
    assert len(await shown(client, kind="unsure")) == 2
    (again,) = await decide(client, decision("undo", undoes=first["decision_id"]))
    assert outcomes(again) == ["unchanged", "unchanged"]


async def test_an_undo_goes_back_step_by_step(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    (document,) = await documents(client, stack, 1)
    steps = []
    version = (await versions(client))[document]
    for label in ("Boots", "Sandals", "Hats"):
        steps.append(decision("label", {document: version}, label=label))
        (result,) = await decide(client, steps[-1])
        version = result["documents"][0]["version"]
    labels = []
    for step in reversed(steps):
        await decide(client, decision("undo", undoes=step["decision_id"]))
        labels.append((await label_of(client, document))[0])
    assert labels == ["Sandals", "Boots", None]


async def test_an_undo_takes_back_nothing_of_others(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    (document,) = await documents(client, stack, 1)
    first = decision("label", await versions(client), label="Boots")
    await decide(client, first)
    await ok(client, "PATCH", f"{DOCUMENTS}/{document}", {FIELD: "Sandals"})
    (undo,) = await decide(client, decision("undo", undoes=first["decision_id"]))
    assert (outcomes(undo), undo["documents"][0]["label"]) == (["conflict"], "Sandals")


async def test_an_undo_gives_an_object_its_label_back(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    body = {"blobs": [{"property": "image_url", "type": "image", "data": {"url": "https://example.com/a.jpg"}}]}
    created = await upload(client, {**body, "metadata": {FIELD: "Boots"}})
    path = f"{OBJECTS}/{created['object_id']}"
    imported = {FIELD: {"source": "import", "value": "Boots", "set_at": "2026-01-01T00:00:00+00:00"}}
    document = await stack.process(created["object_id"], labels=imported)
    row = await stack.gateway.pool.fetchrow(
        "SELECT review_version(d, $2) AS version FROM documents d WHERE document_id = $1", document, FIELD
    )
    assert row is not None
    before = await ok(client, "GET", path)
    first = decision("label", {document: row["version"]}, label="Sandals")
    assert outcomes((await decide(client, first))[0]) == ["done"]
    assert (await ok(client, "GET", path))["metadata"][FIELD] == "Sandals"
    await decide(client, decision("undo", undoes=first["decision_id"]))
    assert (await ok(client, "GET", path))["metadata"] == before["metadata"]
    assert await label_of(client, document) == ("Boots", "import")


async def test_what_has_a_label_is_shown_too(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    boots = await documents(client, stack, 2, "Boots")
    await documents(client, stack, 1, "Hats")
    found = await shown(client, kind="labelled", label="Boots")
    assert sorted(each["document_id"] for each in found) == sorted(boots)
    assert [each["label"] for each in found] == ["Boots", "Boots"]
    assert await shown(client, kind="labelled", label="Sandals") == []


async def test_named_documents_are_one_group_in_their_order(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    one, other = (await documents(client, stack, 1, "Boots"))[0], (await documents(client, stack, 1))[0]
    page = await ok(client, "GET", REVIEW, params={"documents": f"{other},doc_nope,{one}, {other}"})
    (group,) = page["groups"]
    assert [each["document_id"] for each in group["documents"]] == [other, one]
    assert (await ok(client, "GET", REVIEW, params={"documents": "doc_nope"}))["groups"] == []


async def test_past_decisions_are_listed(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    made = await documents(client, stack, 2)
    seen = await versions(client)
    first, second = (decision("label", {each: seen[each]}, label="Boots") for each in made)
    await decide(client, first, second, decision("undo", undoes=second["decision_id"]))
    listed = (await ok(client, "GET", DECISIONS))["results"]
    assert [each["action"] for each in listed] == ["undo", "label", "label"]
    assert [each["document_ids"] for each in listed] == [[made[1]], [made[1]], [made[0]]]
    assert listed[1]["undone_by"] is not None
    assert listed[2]["undone_by"] is None
    of_one = (await ok(client, "GET", DECISIONS, params={"document_id": made[0]}))["results"]
    assert [each["decision_id"] for each in of_one] == [first["decision_id"]]


async def test_one_bad_decision_does_not_stop_the_others(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    await documents(client, stack, 1)
    good = decision("label", await versions(client), label="Boots")
    lost = decision("label", {"doc_nope": "x"}, label="Boots")
    results = await decide(client, decision("undo", undoes="dec_nope"), lost, good)
    assert "dec_nope" in results[0]["error"]
    assert [outcomes(each) for each in results[1:]] == [["gone"], ["done"]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "label"},
        {"action": "label", "label": "  "},
        {"action": "unknown", "label": "Boots"},
        {"action": "undo"},
        {"action": "undo", "undoes": "dec_1"},
        {"action": "label", "label": "Boots", "documents": []},
        {"action": "merge"},
    ],
)
async def test_a_decision_says_what_it_needs(client: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    await set_up(client)
    body = {"decision_id": "dec_1", "documents": [{"document_id": "doc_1", "version": "x"}], **wrong}
    error = await refused(client, 422, "POST", DECISIONS, {"decisions": [body]})
    assert error["details"]["path"].startswith("body.decisions.0")


async def test_a_foreign_cursor_and_a_foreign_field_are_refused(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    await documents(client, stack, 1)
    for cursor in ("nonsense", "rvw_gone.1.", "..", "x.-1."):
        error = await refused(client, 422, "GET", f"{REVIEW}?cursor={cursor}")
        assert error["code"] == "INVALID_CURSOR"
    error = await refused(client, 422, "GET", f"{REVIEW}?field=price")
    assert FIELD in error["message"]
    await refused(client, 404, "GET", "/v1/collections/nope/review")


async def test_a_review_stays_in_its_namespace(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    await documents(client, stack, 1)
    seen = await versions(client)
    await stack.gateway.pool.execute("INSERT INTO namespaces VALUES ('ns_rev' || $1, 'rev' || $1)", stack.namespace_id)
    async with stack.client(f"ns_rev{stack.namespace_id}") as other:
        await set_up(other)
        assert await shown(other) == []
        assert outcomes((await decide(other, decision("label", seen, label="Boots")))[0]) == ["gone"]


async def test_of_a_collection_that_nothing_labels_the_field_is_named(client: httpx.AsyncClient, stack: Stack) -> None:
    collection = await set_up(client)
    (document,) = await documents(client, stack, 1)
    await ok(client, "PATCH", f"/v1/collections/{collection['collection_id']}", {"taxonomy": None})
    error = await refused(client, 422, "GET", REVIEW)
    assert error["code"] == "NO_TAXONOMY"
    assert [each["document_id"] for each in await shown(client, field="colour")] == [document]
