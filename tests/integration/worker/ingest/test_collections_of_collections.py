"""Collections that process the documents of another collection."""

from services.common.database.documents.edit_documents import Within, delete_documents, edit_documents
from services.gateway.objects.edits import patch_object
from tests.integration.worker.bench import BUCKET, COLLECTION, LABEL, NAMESPACE, Bench
from tests.integration.worker.invariants import assert_nothing_is_left_to_do

TIER, THIRD = "col_tier", "col_third"
CROPS = {b"picture of anna": b"faces:anna", b"picture of boris": b"faces:boris,clara"}


async def tiered(bench: Bench) -> str:
    """Pictures, the faces in what was cut out of them, and a third collection of fields; an object with all three."""
    bench.extractor.instead = CROPS
    mappings = {"image": "crop"}
    await bench.add_collection(
        TIER, taxonomy=False, extractor="face_identity_extractor", mappings=mappings, of=COLLECTION
    )
    await bench.add_collection(THIRD, taxonomy=False, extractor="passthrough_extractor", of=TIER)
    return await bench.upload(b"faces:anna,boris", colour="red")


async def test_documents_are_made_of_documents_and_say_so(bench: Bench) -> None:
    object_id = await tiered(bench)
    async with bench.services(), bench.worker():
        assert await bench.settled(object_id) == {object_id: "COMPLETED"}
    sources = await bench.documents(object_id)
    faces = await bench.documents(object_id, TIER)
    assert [(row["fields"]["seen"], row["source_document_id"]) for row in faces] == [
        ("anna", sources[0]["document_id"]),
        ("boris", sources[1]["document_id"]),
        ("clara", sources[1]["document_id"]),
    ]
    lineage = faces[0]["internal"]["lineage"]
    assert (lineage["source_type"], lineage["source_collection_id"]) == ("collection", COLLECTION)
    assert lineage["source_document_id"] == sources[0]["document_id"]
    assert lineage["path"] == f"{BUCKET}/{COLLECTION}/{TIER}"
    assert [step["type"] for step in lineage["chain"]] == ["bucket", "collection"]
    fields = await bench.documents(object_id, THIRD)
    assert {row["fields"]["seen"] for row in fields} == {"anna", "boris", "clara"}
    assert {row["internal"]["lineage"]["path"] for row in fields} == {f"{BUCKET}/{COLLECTION}/{TIER}/{THIRD}"}
    assert [row["fields"]["colour"] for row in faces] == ["red", "grey", "grey"], "two faces: whose colour is it?"
    await assert_nothing_is_left_to_do(bench.pool)


async def test_a_machines_label_is_taken_over_where_it_is_clear_whose_it_is(bench: Bench) -> None:
    object_id = await tiered(bench)
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
    faces = await bench.documents(object_id, TIER)
    assert [row["fields"][LABEL] for row in faces] == ["cat", None, None]
    assert faces[0]["labels"][LABEL]["source"] == "auto"
    assert faces[1]["labels"] == {}


async def test_what_a_person_changes_follows(bench: Bench) -> None:
    object_id = await tiered(bench)
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
    first = (await bench.documents(object_id))[0]["document_id"]
    async with bench.pool.acquire() as connection, connection.transaction():
        await edit_documents(connection, Within(namespace_id=NAMESPACE), {first: {LABEL: "Anna"}})
    assert [row["fields"][LABEL] for row in await bench.documents(object_id, TIER)] == ["Anna", None, None]
    await patch_object(bench.pool, BUCKET, object_id, {"colour": "blue"}, None)
    assert {row["fields"]["colour"] for row in await bench.documents(object_id)} == {"blue"}
    assert [row["fields"]["colour"] for row in await bench.documents(object_id, TIER)] == ["blue", "grey", "grey"]


async def test_documents_go_with_the_one_that_they_were_made_of(bench: Bench) -> None:
    object_id = await tiered(bench)
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
        second = (await bench.documents(object_id))[1]["document_id"]
        async with bench.pool.acquire() as connection, connection.transaction():
            await delete_documents(connection, Within(namespace_id=NAMESPACE), [second])
        assert [row["fields"]["seen"] for row in await bench.documents(object_id, TIER)] == ["anna"]
        assert len(await bench.documents(object_id, THIRD)) == 1
        assert await bench.pool.fetchval("SELECT count(*) FROM events WHERE event_type = 'document.deleted'") == 5
        await bench.again(object_id)
    assert [row["fields"]["seen"] for row in await bench.documents(object_id, TIER)] == ["anna"], "rejected for good"


async def test_a_source_that_is_processed_again_processes_its_followers_again(bench: Bench) -> None:
    object_id = await tiered(bench)
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
        bench.extractor.instead = {**CROPS, b"faces:anna,boris": b"faces:anna"}
        await bench.again(object_id)
    assert [row["fields"]["seen"] for row in await bench.documents(object_id, TIER)] == ["anna"]
    await assert_nothing_is_left_to_do(bench.pool)


async def test_only_documents_that_pass_the_source_filter_are_processed(bench: Bench) -> None:
    object_id = await tiered(bench)
    source = {"source_filters": {"filters": {"field": "seen", "operator": "eq", "value": "boris"}}}
    await bench.pool.execute("UPDATE collections SET source = $2 WHERE collection_id = $1", TIER, source)
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
    assert [row["fields"]["seen"] for row in await bench.documents(object_id, TIER)] == ["boris", "clara"]
