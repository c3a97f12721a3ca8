"""Objects that change once they are processed: what their documents were made of is made anew, and nothing else."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from services.common.blobs import open_blob_store
from services.common.database.documents.edit_documents import Within, edit_documents
from services.common.errors import InvalidArgumentError
from services.gateway.buckets.unique_keys import Policy
from services.gateway.objects.creation.store import Created, NewBlob, NewObject, blob_rows, create_object
from services.gateway.objects.edits import patch_object
from tests.integration.worker.bench import BUCKET, COLLECTION, LABEL, NAMESPACE, Bench
from tests.integration.worker.fake_services import BAD, SLOW, vector_of
from tests.integration.worker.invariants import assert_nothing_is_left_to_do
from tests.integration.worker.tasks.test_batches import draft, ended, submit
from tests.support.web_servers import file_server

TEXTS = "col_texts"


async def with_texts(bench: Bench) -> None:
    """Beside the collection of pictures one that reads the field `story`."""
    await bench.add_collection(TEXTS, taxonomy=False, extractor="text_extractor", mappings={"text": "story"})


async def send(
    bench: Bench, content: bytes | None = None, url: str | None = None, *, process: bool = True, **fields: Any
) -> Created:
    """An upsert of the one object of the unique key."""
    blobs = []
    if content is not None:
        key = await open_blob_store(bench.settings).put(NAMESPACE, content)
        blobs = [NewBlob(property="image_url", type="image", storage_key=key, sha256=key.rpartition("/")[2])]
    if url is not None:
        blobs = [NewBlob(property="image_url", type="image", source_url=url)]
    new = NewObject(
        namespace_id=NAMESPACE,
        bucket_id=BUCKET,
        key_prefix=None,
        fields=fields,
        blobs=blobs,
        unique_key="one",
        policy=Policy.UPSERT,
        process=process,
    )
    return await create_object(bench.pool, new)


async def events(bench: Bench) -> list[tuple[str, Any]]:
    """The kinds and fields of all events, and forgets them."""
    rows = await bench.pool.fetch("DELETE FROM events RETURNING seq, event_type, payload")
    told = [(row["event_type"], row["payload"].get("fields")) for row in sorted(rows, key=lambda row: row["seq"])]
    return [each for each in told if each[0] != "collection.documents.written"]


async def open_records(bench: Bench) -> int:
    """What there is to be done; a job that has just ended may still lie in the queue."""
    query = "SELECT count(*) FROM processing WHERE status IN ('PENDING', 'PROCESSING')"
    found: int = await bench.pool.fetchval(query)
    return found


async def vectors(bench: Bench) -> list[bytes]:
    query = "SELECT e.vector FROM embeddings e JOIN documents d USING (document_id) WHERE d.collection_id = $1"
    return [row["vector"] for row in await bench.pool.fetch(query, TEXTS)]


async def begun(bench: Bench, inputs: int) -> None:
    """Waits until the extractor has been asked for so many."""
    async with asyncio.timeout(20):
        while bench.extractor.inputs < inputs:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("late", [SLOW, BAD, None])
async def test_a_run_that_another_has_overtaken_changes_nothing(bench: Bench, late: bytes | None) -> None:
    """The slow run of what was there first ends, or fails, after that of what is there now."""
    await with_texts(bench)
    if late == BAD:
        bench.extractor.instead[b"slow once"] = BAD
    async with bench.services(), bench.worker():
        made = await send(bench, story="at first")
        await bench.settled(made.object_id)
        count = bench.extractor.inputs
        await patch_object(bench.pool, BUCKET, made.object_id, {"story": "slow once"}, None)
        await begun(bench, count + 1)
        await patch_object(bench.pool, BUCKET, made.object_id, {"story": "now" if late else None}, None)
        await asyncio.sleep(1.5)
        await bench.settled(made.object_id)
    assert await vectors(bench) == ([vector_of(b"now").astype("<f2").tobytes()] if late else [])
    status = await bench.pool.fetchval("SELECT status FROM processing WHERE collection_id = $1", TEXTS)
    assert status == ("COMPLETED" if late else "FAILED")
    await assert_nothing_is_left_to_do(bench.pool)


async def test_the_very_same_upload_is_extracted_once(bench: Bench) -> None:
    await with_texts(bench)
    async with bench.services(), bench.worker():
        made = await send(bench, b"a cat", story="once", price=1)
        assert await bench.settled(made.object_id) == {made.object_id: "COMPLETED"}
        row = await bench.pool.fetchrow("SELECT * FROM objects")
        await events(bench)
        for _ in range(3):
            assert (await send(bench, b"a cat", story="once", price=1)).object_id == made.object_id
        assert await open_records(bench) == 0
    assert await bench.pool.fetchrow("SELECT * FROM objects") == row
    assert await events(bench) == []
    assert bench.extractor.inputs == 2


async def test_a_field_alone_reaches_the_documents_without_an_extraction(bench: Bench) -> None:
    await with_texts(bench)
    async with bench.services(), bench.worker():
        made = await send(bench, b"a cat", story="once", colour="red")
        await bench.settled(made.object_id)
        await events(bench)
        await send(bench, b"a cat", story="once", colour="blue")
        await send(bench, colour="green")
        assert await open_records(bench) == 0
    assert bench.extractor.inputs == 2
    for collection_id in (COLLECTION, TEXTS):
        assert [row["fields"]["colour"] for row in await bench.documents(made.object_id, collection_id)] == ["green"]
    once = [("object.updated", ["colour"]), ("document.updated", ["colour"]), ("document.updated", ["colour"])]
    assert await events(bench) == once * 2


async def test_only_the_collection_whose_input_changed_extracts(bench: Bench) -> None:
    await with_texts(bench)
    async with bench.services(), bench.worker():
        made = await send(bench, b"a cat", story="once")
        await bench.settled(made.object_id)
        bench.extractor.seen.clear()
        await send(bench, b"a cat", story="twice")
        await bench.settled(made.object_id)
        assert [item.text for item in bench.extractor.seen] == ["twice"]
        bench.extractor.seen.clear()
        await send(bench, b"a dog", story="twice")
        await bench.settled(made.object_id)
    assert [item.content for item in bench.extractor.seen] == [b"a dog"]
    await assert_nothing_is_left_to_do(bench.pool)


async def test_a_changed_text_changes_its_document_by_patch_too(bench: Bench) -> None:
    await with_texts(bench)
    async with bench.services(), bench.worker():
        made = await send(bench, b"a cat", story="once")
        await bench.settled(made.object_id)
        [before] = await vectors(bench)
        bench.extractor.seen.clear()
        await patch_object(bench.pool, BUCKET, made.object_id, {"story": "twice"}, None)
        assert await bench.pool.fetchval("SELECT status FROM objects") == "PENDING"
        await bench.settled(made.object_id)
        [after] = await vectors(bench)
        await patch_object(bench.pool, BUCKET, made.object_id, {"story": "twice", "colour": "red"}, None)
        assert await open_records(bench) == 0
    assert [item.text for item in bench.extractor.seen] == ["twice"]
    assert before != after


async def test_a_text_that_is_taken_away_takes_its_document_and_says_so(bench: Bench) -> None:
    await with_texts(bench)
    async with bench.services(), bench.worker():
        made = await send(bench, b"a cat", story="once")
        await bench.settled(made.object_id)
        await patch_object(bench.pool, BUCKET, made.object_id, {"story": None}, None)
        assert await bench.settled(made.object_id) == {made.object_id: "FAILED"}
        error = await bench.pool.fetchval("SELECT error FROM objects")
        assert error.startswith("NO_INPUT") and TEXTS in error
        assert await bench.documents(made.object_id, TEXTS) == []
        assert len(await bench.documents(made.object_id)) == 1
        await patch_object(bench.pool, BUCKET, made.object_id, {"story": "again"}, None)
        assert await bench.settled(made.object_id) == {made.object_id: "COMPLETED"}
    assert len(await bench.documents(made.object_id, TEXTS)) == 1


async def test_a_text_that_goes_and_comes_back_is_the_last_one_that_was_said(bench: Bench) -> None:
    await with_texts(bench)
    bench.extractor.slow = {"text_extractor@v1"}
    async with bench.services(), bench.worker():
        made = await send(bench, b"a cat", story="a")
        await bench.settled(made.object_id)
        for story in "baba":
            await patch_object(bench.pool, BUCKET, made.object_id, {"story": story}, None)
        await bench.settled(made.object_id)
    [document] = await vectors(bench)
    bench.extractor.slow = set()
    async with bench.services(), bench.worker():
        await bench.again(made.object_id, TEXTS)
    [anew] = await vectors(bench)
    assert document == anew


async def test_an_address_is_fetched_again_and_extracted_when_it_gives_something_else(
    bench: Bench, tmp_path: Path
) -> None:
    bench.settings = bench.settings.model_copy(update={"fetch_allow": "127.0.0.0/8"})
    (tmp_path / "a").write_bytes(b"a cat")
    with file_server(tmp_path) as web:
        await _uploaded_by_address(bench, f"{web}/a", tmp_path / "a")


async def _uploaded_by_address(bench: Bench, url: str, file: Path) -> None:
    async with bench.services(), bench.worker():
        made = await send(bench, url=url, price=1)
        await bench.settled(made.object_id)
        row = await bench.pool.fetchrow("SELECT * FROM objects")
        await events(bench)
        await send(bench, url=url, price=1)
        assert await bench.settled(made.object_id) == {made.object_id: "COMPLETED"}
        assert bench.extractor.inputs == 1
        assert await events(bench) == []
        assert await bench.pool.fetchrow("SELECT * FROM objects") == row
        await send(bench, url=url, price=2)
        await bench.settled(made.object_id)
        assert [each for each in await events(bench) if each[0] == "object.updated"] == [("object.updated", ["price"])]
        await asyncio.to_thread(file.write_bytes, b"a dog")
        await send(bench, url=url, price=2)
        await bench.settled(made.object_id)
    assert [item.content for item in bench.extractor.seen] == [b"a cat", b"a dog"]
    told = await events(bench)
    assert told == [("document.updated", None), ("object.updated", ["status"])]
    key = await bench.pool.fetchval("SELECT storage_key FROM blobs")
    assert await open_blob_store(bench.settings).get(key) == b"a dog"


async def test_what_failed_is_tried_again_by_the_same_upload(bench: Bench) -> None:
    bench.extractor.rejecting = {"image_extractor@v1"}
    async with bench.services(), bench.worker():
        made = await send(bench, b"a cat")
        assert await bench.settled(made.object_id) == {made.object_id: "FAILED"}
        bench.extractor.rejecting = set()
        await send(bench, b"a cat")
        assert await bench.settled(made.object_id) == {made.object_id: "COMPLETED"}


async def test_a_collection_added_later_is_begun_by_the_same_upload_and_no_other(bench: Bench) -> None:
    async with bench.services(), bench.worker():
        made = await send(bench, b"a cat", story="once")
        await bench.settled(made.object_id)
        await with_texts(bench)
        bench.extractor.seen.clear()
        await patch_object(bench.pool, BUCKET, made.object_id, {"story": "twice"}, None)
        assert await open_records(bench) == 0
        await send(bench, b"a cat", story="twice")
        await bench.settled(made.object_id)
    assert [item.text for item in bench.extractor.seen] == ["twice"]


async def test_a_source_filter_is_asked_again_when_a_field_changes(bench: Bench) -> None:
    source = {"source_filters": {"filters": {"field": "colour", "operator": "eq", "value": "red"}}}
    await bench.pool.execute("UPDATE collections SET source = $1", source)
    async with bench.services(), bench.worker():
        made = await send(bench, b"a cat", colour="red")
        await bench.settled(made.object_id)
        await patch_object(bench.pool, BUCKET, made.object_id, {"size": 1}, None)
        await bench.settled(made.object_id)
        assert bench.extractor.inputs == 1
        await patch_object(bench.pool, BUCKET, made.object_id, {"colour": "blue"}, None)
        await bench.settled(made.object_id)
        assert await bench.documents(made.object_id) == []
        await patch_object(bench.pool, BUCKET, made.object_id, {"colour": "red"}, None)
        await bench.settled(made.object_id)
    assert len(await bench.documents(made.object_id)) == 1
    await assert_nothing_is_left_to_do(bench.pool)


async def test_a_persons_label_stays_when_the_content_changes(bench: Bench) -> None:
    async with bench.services(), bench.worker():
        made = await send(bench, b"a cat")
        await bench.settled(made.object_id)
        await patch_object(bench.pool, BUCKET, made.object_id, {LABEL: "Tiger"}, None)
        assert await open_records(bench) == 0
        await send(bench, b"another cat")
        await bench.settled(made.object_id)
    assert (await bench.document(made.object_id))["fields"][LABEL] == "Tiger"
    assert bench.extractor.inputs == 2


async def test_an_object_of_nothing_that_is_read_fails_and_says_what_it_lacks(bench: Bench) -> None:
    async with bench.services(), bench.worker():
        bare = await bench.create([], colour="red")
        assert await bench.settled(bare) == {bare: "FAILED"}
    error = await bench.pool.fetchval("SELECT error FROM objects")
    assert error.startswith("NO_INPUT") and "image_url" in error


async def test_what_a_vector_was_made_of_is_changed_on_the_object(bench: Bench) -> None:
    await with_texts(bench)
    rules = {"field_passthrough": [{"source_path": "story", "target_path": "told"}, {"source_path": "colour"}]}
    await bench.pool.execute("UPDATE collections SET feature_extractor = feature_extractor || $1", rules)
    async with bench.services(), bench.worker():
        made = await send(bench, b"a cat", story="once", colour="red")
        await bench.settled(made.object_id)
    [document] = await bench.documents(made.object_id, TEXTS)
    [picture] = await bench.documents(made.object_id)
    within = Within(namespace_id=NAMESPACE)
    async with bench.pool.acquire() as connection:
        for name in ("told", "text"):
            with pytest.raises(InvalidArgumentError, match=f"change 'story' of object '{made.object_id}'") as refusal:
                await edit_documents(connection, within, {document["document_id"]: {name: "twice"}})
            assert refusal.value.details["path"] == f"body.{name}"
        same = {"told": "once", "colour": "blue"}
        assert (await edit_documents(connection, within, {document["document_id"]: same})).changed
        assert (await edit_documents(connection, within, {picture["document_id"]: {"told": "x"}})).changed


async def test_a_change_that_waits_for_a_batch_is_not_done(bench: Bench) -> None:
    await with_texts(bench)
    async with bench.services(), bench.worker():
        made = await send(bench, b"a cat", story="once")
        await bench.settled(made.object_id)
        bench.extractor.seen.clear()
        await send(bench, b"a cat", story="once", process=False, colour="red")
        assert await bench.pool.fetchval("SELECT status FROM objects") == "COMPLETED"
        await send(bench, b"a cat", story="twice", process=False)
        assert await bench.pool.fetchval("SELECT status FROM objects") == "PENDING"
        assert await open_records(bench) == 0
        batch_id = await draft(bench.pool, [made.object_id])
        await submit(bench.pool, batch_id, (COLLECTION, TEXTS))
        assert await ended(bench.pool, batch_id) == "COMPLETED"
        assert await bench.settled(made.object_id) == {made.object_id: "COMPLETED"}
    assert [item.text for item in bench.extractor.seen] == ["twice"]


async def test_an_expired_link_is_given_a_new_one(bench: Bench, tmp_path: Path) -> None:
    bench.settings = bench.settings.model_copy(update={"fetch_allow": "127.0.0.0/8"})
    (tmp_path / "new").write_bytes(b"a cat")
    with file_server(tmp_path) as web:
        async with bench.services(), bench.worker():
            made = await send(bench, url=f"{web}/expired", price=1)
            assert await bench.settled(made.object_id) == {made.object_id: "FAILED"}
            rows = blob_rows([NewBlob(property="image_url", type="image", source_url=f"{web}/new")])
            await patch_object(bench.pool, BUCKET, made.object_id, {}, None, blobs=rows)
            assert await bench.settled(made.object_id) == {made.object_id: "COMPLETED"}
    assert len(await bench.documents(made.object_id, COLLECTION)) == 1
    assert await bench.pool.fetchval("SELECT count(*) FROM blobs WHERE object_id = $1", made.object_id) == 1
