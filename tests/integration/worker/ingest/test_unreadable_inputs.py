"""What has no vector is a document all the same: unlabelled, with the reason, and nobody's reference."""

from typing import Any

from services.gateway.objects.edits import patch_object
from tests.integration.worker.bench import BUCKET, COLLECTION, LABEL, Bench
from tests.integration.worker.fake_services import UNREADABLE, WHY
from tests.integration.worker.invariants import assert_nothing_is_left_to_do

READABLE = b"readable"
NO_MATCH = {"matched": False, "confidence": 0.0, "reason": WHY}


async def only(bench: Bench, object_id: str) -> Any:
    """The object's one document."""
    (found,) = await bench.documents(object_id)
    return found


async def vectors(bench: Bench) -> int:
    return int(await bench.pool.fetchval("SELECT count(*) FROM embeddings"))


async def note(bench: Bench, object_id: str) -> str | None:
    found: str | None = await bench.pool.fetchval("SELECT note FROM processing WHERE object_id = $1", object_id)
    return found


async def test_the_document_exists_without_a_vector_and_says_why(bench: Bench) -> None:
    object_id = await bench.upload(UNREADABLE)
    async with bench.services(), bench.worker():
        assert await bench.settled(object_id) == {object_id: "COMPLETED"}
    document = await only(bench, object_id)
    assert (document["fields"]["text"], document["fields"][LABEL], document["labels"]) == ("...", None, {})
    assert document["taxonomy_match"] == NO_MATCH
    assert document["internal"]["no_embedding"] == {"reason": "UNREADABLE_TEXT", "message": WHY}
    assert await vectors(bench) == 0
    assert bench.taxonomy.subjects == [], "its vector would have to be compared"
    assert str(await note(bench, object_id)).startswith("UNREADABLE_TEXT: ")
    await assert_nothing_is_left_to_do(bench.pool)


async def test_its_company_is_labelled(bench: Bench) -> None:
    uploads = [await bench.upload(content) for content in (UNREADABLE, b"one", b"two", UNREADABLE + b"!")]
    async with bench.services(), bench.worker():
        assert set((await bench.settled(*uploads)).values()) == {"COMPLETED"}
    assert [(await only(bench, each))["fields"][LABEL] for each in uploads] == [None, "cat", "cat", None]
    assert await vectors(bench) == 2


async def test_a_person_may_label_it(bench: Bench) -> None:
    object_id = await bench.upload(UNREADABLE)
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
        await patch_object(bench.pool, BUCKET, object_id, {LABEL: "contract"}, None)
        await bench.again(object_id, COLLECTION)
    document = await only(bench, object_id)
    assert (document["fields"][LABEL], document["labels"][LABEL]["source"]) == ("contract", "human")
    assert await vectors(bench) == 0


async def test_processed_anew_it_gets_its_vector_or_loses_it(bench: Bench) -> None:
    object_id = await bench.upload(READABLE)
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
        assert (await vectors(bench), (await only(bench, object_id))["fields"][LABEL]) == (1, "cat")
        bench.extractor.instead = {READABLE: UNREADABLE}
        await bench.again(object_id, COLLECTION)
        document = await only(bench, object_id)
        assert (await vectors(bench), document["fields"][LABEL], document["taxonomy_match"]) == (0, None, NO_MATCH)
        assert bench.index.refreshed.count(document["document_id"]) == 2
        bench.extractor.instead = {}
        await bench.again(object_id, COLLECTION)
    document = await only(bench, object_id)
    assert (await vectors(bench), document["fields"][LABEL], await note(bench, object_id)) == (1, "cat", None)
    assert "no_embedding" not in document["internal"]
