"""A person's label wins over the machine's, whenever it comes."""

import asyncio
import random

import pytest

from services.common.database.documents.edit_documents import Within, edit_document
from services.common.database.tasks.jobs import enqueue_ingest
from services.gateway.objects.edits import patch_object
from tests.integration.worker.bench import BUCKET, COLLECTION, LABEL, NAMESPACE, Bench
from tests.integration.worker.invariants import assert_each_object_has_one_document, assert_nothing_is_left_to_do

OBJECTS = 60


async def label_some_time(bench: Bench, object_id: str, value: str | None, seconds: float) -> None:
    """Sets the label after so many seconds, as a PATCH does."""
    await asyncio.sleep(seconds)
    await patch_object(bench.pool, BUCKET, object_id, {LABEL: value}, None)


async def process_again_some_time(bench: Bench, object_id: str, seconds: float) -> None:
    """Asks for the object to be processed once more, whatever its job is doing."""
    await asyncio.sleep(seconds)
    async with bench.pool.acquire() as connection, connection.transaction():
        await enqueue_ingest(connection, object_id, [COLLECTION])


@pytest.mark.parametrize("seed", range(3))
async def test_a_label_patched_at_any_moment_of_an_ingest_stands(bench: Bench, seed: int) -> None:
    choose = random.Random(seed)
    object_ids = [await bench.upload(b"%d" % number) for number in range(OBJECTS)]
    patched = {object_id: choose.choice(["dog", None]) for object_id in object_ids if choose.random() < 0.7}
    again = [object_id for object_id in object_ids if choose.random() < 0.3]
    async with bench.services(), bench.worker(), bench.worker():
        await asyncio.gather(
            *(label_some_time(bench, object_id, value, choose.random()) for object_id, value in patched.items()),
            *(process_again_some_time(bench, object_id, choose.random()) for object_id in again),
        )
        async with asyncio.timeout(30):
            while await bench.pool.fetchval("SELECT count(*) FROM pgqueuer"):
                await asyncio.sleep(0.05)
    await assert_each_object_has_one_document(bench.pool, object_ids, COLLECTION)
    await assert_nothing_is_left_to_do(bench.pool)
    for row in await bench.pool.fetch("SELECT object_id, fields, labels, taxonomy_match FROM documents"):
        human = row["object_id"] in patched
        assert row["fields"][LABEL] == (patched[row["object_id"]] if human else "cat")
        assert row["labels"][LABEL]["source"] == ("human" if human else "auto")
        assert row["taxonomy_match"]["matched"] is not human


async def test_what_the_machine_thinks_of_a_persons_label_is_kept_as_a_proposal(bench: Bench) -> None:
    object_id = await bench.upload(b"slow")
    async with bench.services(), bench.worker():
        await label_some_time(bench, object_id, "dog", 0.5)
        await bench.settled(object_id)
    label = (await bench.document(object_id))["labels"][LABEL]
    assert (label["source"], label["value"], label["proposal"]["value"]) == ("human", "dog", "cat")


@pytest.mark.parametrize("value", ["dog", None])
@pytest.mark.parametrize("where", ["object", "document"])
async def test_under_a_persons_label_stands_what_the_machine_says_of_the_new_picture(
    bench: Bench, value: str | None, where: str
) -> None:
    object_id = await bench.upload(b"picture")
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
        if where == "object":
            await patch_object(bench.pool, BUCKET, object_id, {LABEL: value}, None)
        else:
            document_id = (await bench.document(object_id))["document_id"]
            async with bench.pool.acquire() as connection, connection.transaction():
                await edit_document(connection, Within(namespace_id=NAMESPACE), document_id, {LABEL: value})
        for answer, confidence in (("hen", 0.87), (None, 0.21), ("cat", 0.87)):
            bench.extractor.instead = {b"picture": b"another, for " + repr(answer).encode()}
            bench.taxonomy.answer = answer
            await bench.again(object_id)
            document = await bench.document(object_id)
            entry = document["labels"][LABEL]
            assert (document["fields"][LABEL], entry["source"], entry["value"]) == (value, "human", value)
            assert entry.get("proposal", {}).get("value") == answer
            assert entry["judged"]["value"] == "cat"
            match = {"matched": False, "source": "manual", "confidence": confidence}
            assert document["taxonomy_match"] == pytest.approx(match)


async def test_beside_a_label_of_the_upload_stands_what_the_machine_says_of_the_new_picture(bench: Bench) -> None:
    object_id = await bench.upload(b"picture", label="dog")
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
        for answer, confidence in (("hen", 0.87), (None, 0.21)):
            bench.extractor.instead = {b"picture": b"another, for " + repr(answer).encode()}
            bench.taxonomy.answer = answer
            await bench.again(object_id)
            document = await bench.document(object_id)
            entry = document["labels"][LABEL]
            assert (document["fields"][LABEL], entry["source"], entry["value"]) == ("dog", "import", "dog")
            assert entry.get("proposal", {}).get("value") == answer
            match = {"matched": False, "source": "import", "confidence": confidence}
            assert document["taxonomy_match"] == pytest.approx(match)
