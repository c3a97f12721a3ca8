"""What an upload becomes."""

import numpy as np
from structlog.contextvars import bound_contextvars

from services.common.ids import document_id
from services.gateway.objects.creation.store import NewBlob
from tests.integration.worker.bench import BUCKET, COLLECTION, LABEL, Bench
from tests.integration.worker.fake_services import BAD, vector_of


async def test_an_upload_becomes_a_labelled_document(bench: Bench) -> None:
    with bound_contextvars(request_id="req_of_the_gateway"):
        object_id = await bench.upload(b"a cat")
    async with bench.services(), bench.worker():
        assert await bench.settled(object_id) == {object_id: "COMPLETED"}
    document = await bench.document(object_id)
    assert document["document_id"] == document_id(COLLECTION, object_id, 0)
    assert document["fields"] == {LABEL: "cat", "colour": "grey", "width": 3.0}
    assert document["taxonomy_match"] == {"matched": True, "confidence": 0.87, "source_document_id": "doc_example"}
    assert document["labels"][LABEL]["source"] == "auto"
    assert document["labels"][LABEL]["evidence"][0]["document_id"] == "doc_example"
    assert document["internal"]["lineage"]["root_object_id"] == object_id
    assert document["internal"]["_taxonomy_tax_1_label"] == "cat"
    assert bench.index.refreshed == [document["document_id"]]
    assert bench.extractor.request_ids == ["req_of_the_gateway"]


async def test_the_embedding_is_stored_as_float16(bench: Bench) -> None:
    object_id = await bench.upload(b"a cat")
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
    row = await bench.pool.fetchrow("SELECT * FROM embeddings")
    assert row is not None and row["model"] == "fake"
    stored = np.frombuffer(row["vector"], dtype="<f2").astype(np.float32)
    np.testing.assert_allclose(stored, vector_of(b"a cat"), atol=1e-3)


async def test_an_unknown_keeps_its_label_field_and_its_confidence(bench: Bench) -> None:
    bench.taxonomy.answer = None
    object_id = await bench.upload(b"a stranger")
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
    document = await bench.document(object_id)
    assert document["fields"][LABEL] is None
    assert document["taxonomy_match"] == {"matched": False, "confidence": 0.21}
    assert document["labels"] == {}


async def test_an_object_that_came_with_a_label_is_not_asked_about(bench: Bench) -> None:
    object_id = await bench.upload(b"a dog", label="dog")
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
    document = await bench.document(object_id)
    assert document["fields"][LABEL] == "dog"
    assert document["labels"][LABEL]["source"] == "import"
    assert bench.taxonomy.subjects == []


async def test_a_bad_image_fails_at_once_with_its_reason(bench: Bench) -> None:
    bad, good = await bench.upload(BAD), await bench.upload(b"good")
    async with bench.services(), bench.worker():
        assert await bench.settled(bad, good) == {bad: "FAILED", good: "COMPLETED"}
    error = "NOT_AN_IMAGE: The file is not an image."
    assert await bench.pool.fetchval("SELECT error FROM objects WHERE object_id = $1", bad) == error
    record = await bench.pool.fetchrow("SELECT status, attempts, error FROM processing WHERE object_id = $1", bad)
    assert record is not None and dict(record) == {"status": "FAILED", "attempts": 1, "error": error}
    query = "SELECT payload FROM events WHERE event_type = 'object.updated' AND subject_id = $1"
    [row] = await bench.pool.fetch(query, bad)
    told = {"bucket_id": BUCKET, "fields": ["status"], "collection_ids": [COLLECTION]}
    assert row["payload"] == {**told, "status": "FAILED", "error": error, "collection_id": COLLECTION}
    [row] = await bench.pool.fetch(query, good)
    assert row["payload"] == {**told, "status": "COMPLETED"}


async def test_an_object_without_the_mapped_blob_fails_naming_both(bench: Bench) -> None:
    object_id = await bench.create([NewBlob(property="manual", type="pdf", source_url="https://example.org/a.pdf")])
    async with bench.services(), bench.worker():
        assert await bench.settled(object_id) == {object_id: "FAILED"}
    error = await bench.pool.fetchval("SELECT error FROM objects WHERE object_id = $1", object_id)
    assert "'image_url'" in error and "manual" in error


async def test_an_object_of_two_collections_is_completed_when_both_are(bench: Bench) -> None:
    await bench.add_collection("col_2", taxonomy=False)
    object_id = await bench.upload(b"a cat")
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
    rows = await bench.pool.fetch("SELECT collection_id, taxonomy_match FROM documents ORDER BY collection_id")
    assert [row["collection_id"] for row in rows] == [COLLECTION, "col_2"]
    assert rows[1]["taxonomy_match"] is None


async def test_an_object_deleted_meanwhile_leaves_nothing(bench: Bench) -> None:
    object_id, other = await bench.upload(b"slow and gone"), await bench.upload(b"stays")
    async with bench.services(), bench.worker():
        await bench.settled(other)
        await bench.pool.execute("DELETE FROM objects WHERE object_id = $1", object_id)
    assert await bench.pool.fetchval("SELECT count(*) FROM documents WHERE object_id = $1", object_id) == 0
    assert await bench.pool.fetchval("SELECT count(*) FROM pgqueuer") == 0
