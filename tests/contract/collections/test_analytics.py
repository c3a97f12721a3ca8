"""What analytics say of labels, checks, growth and failures."""

from typing import Any

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, OBJECTS, ok, refused, set_up, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOW = "2026-01-10T12:00:00+00:00"
LABELS = [("Boots", 0.9), ("Boots", 0.35), ("Sandals", 0.7), (None, 0.1)]
HISTORY = {"at": NOW, "duration_ms": 20.0}
DATES = "start_date=2026-01-01&end_date=2026-02-01"


async def fill(client: httpx.AsyncClient, stack: Stack) -> tuple[str, list[str]]:
    """A collection whose taxonomy has labelled three of four documents; the taxonomy's id, and the documents'."""
    collection = (await set_up(client))["collection_id"]
    query = "SELECT taxonomy_id FROM labellers WHERE collection_id = $1"
    taxonomy: str = await stack.gateway.pool.fetchval(query, collection)
    ids = []
    for label, score in LABELS:
        auto = {"source": "auto", "value": label, "score": score, "taxonomy_id": taxonomy, "set_at": NOW}
        labels = {} if label is None else {"product_label": auto}
        match = {"matched": label is not None, "confidence": score}
        created = await upload(client)
        made = await stack.process(created["object_id"], match=match, labels=labels, fields={"product_label": label})
        history = [HISTORY | {"taxonomy": {"taxonomy_id": taxonomy, **match}}]
        await stack.gateway.pool.execute(
            "UPDATE documents SET internal = $2 WHERE document_id = $1", made, {"processing": {"history": history}}
        )
        ids.append(made)
    return taxonomy, ids


async def annotate(client: httpx.AsyncClient, document_id: str, label: str) -> None:
    await ok(client, "POST", "/v1/annotations", {"document_id": document_id, "label": label})


async def test_labels_and_confidence_of_a_taxonomy(client: httpx.AsyncClient, stack: Stack) -> None:
    taxonomy, _ = await fill(client, stack)
    found = await ok(client, "GET", f"/v1/analytics/taxonomies/{taxonomy}/labels")
    assert [(each["label"], each["count"], each["percentage"]) for each in found["labels"]] == [
        ("Boots", 2, 66.67),
        ("Sandals", 1, 33.33),
    ]
    assert found["labels"][0]["avg_confidence"] == pytest.approx(0.625)
    assert (found["total_labels"], found["total_assignments"], found["truncated"]) == (2, 3, False)
    assert (await ok(client, "GET", f"/v1/analytics/taxonomies/{taxonomy}/labels?limit=1"))["truncated"] is True
    recent = await ok(client, "GET", f"/v1/analytics/taxonomies/{taxonomy}/labels?hours=1")
    assert recent["total_assignments"] == 0
    found = await ok(client, "GET", f"/v1/analytics/taxonomies/{taxonomy}/confidence")
    counts = {each["confidence_range"]: each["count"] for each in found["distribution"] if each["count"]}
    assert counts == {"0.1-0.2": 1, "0.3-0.4": 1, "0.7-0.8": 1, "0.9-1.0": 1}
    assert (found["avg_confidence"], found["low_confidence_count"]) == (pytest.approx(0.5125), 2)
    assert (found["matched_count"], found["unmatched_count"]) == (3, 1)


async def test_confidence_leaves_out_what_a_person_labelled_and_what_was_not_judged(
    client: httpx.AsyncClient, stack: Stack
) -> None:
    taxonomy, (boots, _, _, unmatched) = await fill(client, stack)
    await ok(client, "PATCH", f"{DOCUMENTS}/{unmatched}", {"product_label": "Hats"})
    await stack.gateway.pool.execute(
        """UPDATE documents SET labels = '{}', internal = jsonb_build_object('processing', jsonb_build_object(
             'taxonomy_lineage', jsonb_build_array(jsonb_build_object(
               'taxonomy_id', $2::text, 'matched', false, 'score', 0)),
             'not_judged', jsonb_build_array(jsonb_build_object('taxonomy_id', $2::text, 'reason', 'gone'))))
           WHERE document_id = $1""",
        boots,
        taxonomy,
    )
    found = await ok(client, "GET", f"/v1/analytics/taxonomies/{taxonomy}/confidence")
    assert (found["matched_count"], found["unmatched_count"]) == (2, 0)


async def test_assignments_and_enrichments_over_time(client: httpx.AsyncClient, stack: Stack) -> None:
    taxonomy, ids = await fill(client, stack)
    await annotate(client, ids[0], "wrong")
    path = f"/v1/analytics/taxonomies/{taxonomy}"
    found = await ok(client, "GET", f"{path}/assignments?{DATES}&group_by=month")
    assert [
        (each["time_bucket"][:10], each["assignment_count"], each["unique_labels"]) for each in found["metrics"]
    ] == [("2026-01-01", 3, 2)]
    assert found["summary"]["total_assignments"] == 3
    found = await ok(client, "GET", f"{path}/enrichments?{DATES}")
    assert [(each["enrichment_count"], each["success_count"], each["avg_latency_ms"]) for each in found["metrics"]] == [
        (4, 3, 20.0)
    ]
    everything = await ok(client, "GET", f"{path}/assignments?start_date=2020-01-01&group_by=week")
    assert everything["summary"]["false_positive_rate"] == 1.0


async def test_annotations_give_the_false_positive_rate(client: httpx.AsyncClient, stack: Stack) -> None:
    taxonomy, (boots, unsure, sandals, unlabelled) = await fill(client, stack)
    for document_id, label in (
        (boots, "wrong"),
        (boots, "correct"),
        (boots, "deferred"),
        (unsure, "Sandals"),
        (sandals, "sandals"),
        (unlabelled, "wrong"),
    ):
        await annotate(client, document_id, label)
    for path in (
        f"/v1/analytics/taxonomies/{taxonomy}/false-positives",
        "/v1/collections/products_unified/analytics/false-positives",
        "/v1/analytics/collections/products_unified/false-positives",
    ):
        found = await ok(client, "GET", path)
        assert (found["checked"], found["correct"], found["incorrect"]) == (3, 2, 1)
        assert found["false_positive_rate"] == pytest.approx(1 / 3, abs=1e-4)
        by_label = {each["label"]: (each["correct"], each["incorrect"]) for each in found["labels"]}
        assert by_label == {"Boots": (1, 1), "Sandals": (1, 0)}


async def rates(client: httpx.AsyncClient, taxonomy: str) -> dict[str, tuple[int, int]]:
    """Label -> how often it was found right and wrong."""
    found = await ok(client, "GET", f"/v1/analytics/taxonomies/{taxonomy}/false-positives")
    here = await ok(client, "GET", "/v1/collections/products_unified/analytics/false-positives")
    assert {**found, "taxonomy_id": None, "collection_id": None} == {**here, "collection_id": None}
    return {each["label"]: (each["correct"], each["incorrect"]) for each in found["labels"]}


@pytest.mark.parametrize("way", ["document", "object", "batch"])
async def test_a_person_who_sets_a_machines_label_anew_has_checked_it(
    client: httpx.AsyncClient, stack: Stack, way: str
) -> None:
    taxonomy, ids = await fill(client, stack)
    documents = [await ok(client, "GET", f"{DOCUMENTS}/{each}") for each in ids]
    for document, label in zip(documents, ("Boots", "Sandals", None, "Hats"), strict=True):
        change = {"product_label": label}
        document_id = document["document_id"]
        if way == "document":
            await ok(client, "PATCH", f"{DOCUMENTS}/{document_id}", change)
        elif way == "object":
            await ok(client, "PATCH", f"{OBJECTS}/{document['_internal']['lineage']['root_object_id']}", change)
        else:
            updates = [{"document_id": document_id, "update_data": change}]
            await ok(client, "POST", f"{DOCUMENTS}/batch", {"updates": updates})
    assert await rates(client, taxonomy) == {"Boots": (1, 1), "Sandals": (0, 1)}


async def test_a_document_is_checked_once_and_the_newest_word_counts(client: httpx.AsyncClient, stack: Stack) -> None:
    taxonomy, (boots, unsure, sandals, _) = await fill(client, stack)
    for label in ("Sandals", "Hats", "Boots"):
        await ok(client, "PATCH", f"{DOCUMENTS}/{boots}", {"product_label": label})
    assert await rates(client, taxonomy) == {"Boots": (1, 0)}
    await ok(client, "PATCH", f"{DOCUMENTS}/{boots}", {"product_label": None})
    assert await rates(client, taxonomy) == {"Boots": (0, 1)}
    await annotate(client, boots, "correct")
    await annotate(client, boots, "deferred")
    assert await rates(client, taxonomy) == {"Boots": (1, 0)}
    await annotate(client, unsure, "correct")
    await ok(client, "PATCH", f"{DOCUMENTS}/{unsure}", {"product_label": "Hats"})
    await ok(client, "PATCH", f"{DOCUMENTS}/{sandals}", {"note": "no word about the label"})
    assert await rates(client, taxonomy) == {"Boots": (1, 1)}


async def test_a_label_that_no_machine_had_set_is_no_check(client: httpx.AsyncClient, stack: Stack) -> None:
    taxonomy, (*_, unlabelled) = await fill(client, stack)
    await ok(client, "PATCH", f"{DOCUMENTS}/{unlabelled}", {"product_label": "Hats"})
    await ok(client, "PATCH", f"{DOCUMENTS}/{unlabelled}", {"product_label": "Caps"})
    assert await rates(client, taxonomy) == {}


async def test_checks_of_before_are_known_by_their_proposals(client: httpx.AsyncClient, stack: Stack) -> None:
    taxonomy, (boots, unsure, *_) = await fill(client, stack)
    proposal = {"source": "auto", "value": "Boots", "taxonomy_id": taxonomy, "set_at": NOW}
    for document_id, said_at in ((boots, "2026-01-11T00:00:00+00:00"), (unsure, "2026-01-09T00:00:00+00:00")):
        entry = {"source": "human", "value": "Hats", "set_at": said_at, "proposal": proposal}
        await stack.gateway.pool.execute(
            "UPDATE documents SET labels = $2 WHERE document_id = $1", document_id, {"product_label": entry}
        )
    assert await rates(client, taxonomy) == {"Boots": (0, 1)}
    await ok(client, "PATCH", f"{DOCUMENTS}/{boots}", {"product_label": "Boots"})
    assert await rates(client, taxonomy) == {"Boots": (1, 0)}


async def test_nothing_checked_gives_no_rate(client: httpx.AsyncClient, stack: Stack) -> None:
    taxonomy, (boots, *_) = await fill(client, stack)
    await annotate(client, boots, "deferred")
    found = await ok(client, "GET", f"/v1/analytics/taxonomies/{taxonomy}/false-positives")
    assert (found["checked"], found["undecided"], found["false_positive_rate"]) == (0, 1, None)


async def test_coverage_and_the_review_queue(client: httpx.AsyncClient, stack: Stack) -> None:
    _, (boots, unsure, _, unlabelled) = await fill(client, stack)
    await ok(client, "PATCH", f"{DOCUMENTS}/{boots}", {"product_label": "Boots"})
    path = "/v1/collections/products_unified/analytics"
    [field] = (await ok(client, "GET", f"{path}/label-coverage"))["fields"]
    assert field == {
        "field": "product_label",
        "total": 4,
        "labelled": 3,
        "auto": 2,
        "human": 1,
        "imported": 0,
        "unlabelled": 1,
        "coverage": 0.75,
        "auto_share": 0.5,
    }
    queue = await ok(client, "GET", f"{path}/review-queue")
    assert (queue["length"], queue["fields"][0]["unlabelled"], queue["fields"][0]["low_confidence"]) == (2, 1, 1)
    assert (await ok(client, "GET", f"{path}/review-queue?low=0.8"))["length"] == 3
    await annotate(client, unsure, "correct")
    await ok(client, "PATCH", f"{DOCUMENTS}/{unlabelled}", {"product_label": None})
    assert (await ok(client, "GET", f"{path}/review-queue"))["length"] == 0


async def test_figures_of_a_collection(client: httpx.AsyncClient, stack: Stack) -> None:
    await fill(client, stack)
    await stack.gateway.pool.execute(
        """UPDATE processing SET status = 'FAILED', error = 'UNREADABLE_IMAGE: no image', updated_at = now()
           WHERE (object_id, collection_id) = (SELECT object_id, collection_id FROM processing p JOIN objects o
             USING (object_id) WHERE o.namespace_id = $1 ORDER BY object_id LIMIT 1)""",
        stack.namespace_id,
    )
    path = "/v1/analytics/collections/products_unified"
    found = await ok(client, "GET", f"{path}/overview")
    assert (found["total_documents"], found["active_taxonomies"], found["avg_processing_time_ms"]) == (4, 1, 20.0)
    assert (found["documents_last_24h"], found["success_rate"]) == (4, 0.0)
    found = await ok(client, "GET", f"{path}/growth?hours=24&group_by=month")
    assert sum(each["documents_added"] for each in found["metrics"]) == found["summary"]["documents_added"] == 4
    found = await ok(client, "GET", f"{path}/failures?hours=24")
    assert (found["total_errors"], found["error_distribution"][0]["error_type"]) == (1, "UNREADABLE_IMAGE")
    found = await ok(client, "GET", f"{path}/latency?hours=24")
    assert found["metrics"][0]["p95_latency_ms"] == 20.0
    assert len(found["slowest_documents"]) == 4
    [extractor] = (await ok(client, "GET", f"{path}/extractors?hours=24"))["extractors"]
    assert (extractor["extractor_name"], extractor["version"], extractor["failure_count"]) == (
        "image_extractor",
        "v1",
        1,
    )
    errors = await ok(client, "GET", "/v1/analytics/namespaces/errors")
    assert errors["total_errors"] == 1


async def test_figures_of_a_bucket(client: httpx.AsyncClient, stack: Stack) -> None:
    await fill(client, stack)
    await stack.gateway.pool.execute(
        "UPDATE objects SET status = 'FAILED', error = 'FETCH: gone' WHERE namespace_id = $1", stack.namespace_id
    )
    bucket = OBJECTS.removesuffix("/objects").rsplit("/", 1)[-1]
    found = await ok(client, "GET", f"/v1/analytics/buckets/{bucket}/storage?hours=24")
    assert found["metrics"][-1]["object_count"] == 4
    found = await ok(client, "GET", f"/v1/analytics/buckets/{bucket}/health?hours=24")
    assert (found["overall_health"], found["error_breakdown"][0]["error_type"]) == ("degraded", "FETCH")
    assert len((await ok(client, "GET", "/v1/analytics/buckets/health"))["buckets"]) == 1


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("hours=0", "query.hours"),
        ("hours=721", "query.hours"),
        ("start_date=2026-02-01&end_date=2026-01-01", "query.start_date"),
        ("start_date=never", "query.start_date"),
        ("group_by=eon", "query.group_by"),
        ("start_date=0001-01-01&group_by=minute", "query.group_by"),
        ("end_date=0001-01-01T00:00:00", "query.end_date"),
    ],
)
async def test_a_wrong_range_is_refused(client: httpx.AsyncClient, query: str, path: str) -> None:
    await set_up(client)
    error: Any = await refused(client, 422, "GET", f"/v1/analytics/collections/products_unified/growth?{query}")
    assert error["details"]["path"] == path


async def test_what_does_not_exist_is_not_found(client: httpx.AsyncClient) -> None:
    for path in ("taxonomies/x/labels", "taxonomies/x/false-positives", "collections/x/overview", "buckets/x/health"):
        await refused(client, 404, "GET", f"/v1/analytics/{path}")
