"""Objects that give several documents, or none."""

from services.common.blobs import open_blob_store
from services.common.database.documents.edit_documents import Within, delete_documents
from services.common.errors import DeadlineError, ResourceExhaustedError
from services.gateway.objects.creation.merging import merge_object
from services.gateway.objects.creation.store import NewBlob
from services.gateway.objects.edits import patch_object
from tests.integration.worker.bench import BUCKET, COLLECTION, LABEL, NAMESPACE, Bench
from tests.integration.worker.fake_services import POISON
from tests.integration.worker.invariants import assert_nothing_is_left_to_do
from tests.integration.worker.processes import supervised_extractor

FACES = "col_faces"
TWO = b"faces:anna,boris"


async def add_faces(bench: Bench, *, taxonomy: bool = True) -> None:
    """In place of the collection of pictures one of faces."""
    await bench.pool.execute("DELETE FROM collections WHERE collection_id = $1", COLLECTION)
    await bench.add_collection(FACES, taxonomy=taxonomy, extractor="face_identity_extractor")


async def video(bench: Bench, content: bytes) -> NewBlob:
    """A stored video."""
    key = await open_blob_store(bench.settings).put(NAMESPACE, content)
    return NewBlob(property="image_url", type="video", storage_key=key, mime_type="video/mp4", size_bytes=len(content))


async def test_each_face_becomes_a_document_with_its_picture(bench: Bench) -> None:
    await add_faces(bench)
    object_id = await bench.upload(TWO)
    async with bench.services(), bench.worker():
        assert await bench.settled(object_id) == {object_id: "COMPLETED"}
    documents = await bench.documents(object_id, FACES)
    assert [(row["part"], row["fields"]["seen"]) for row in documents] == [(0, "anna"), (1, "boris")]
    files = await bench.pool.fetch(
        "SELECT * FROM document_blobs ORDER BY document_id = $1", documents[1]["document_id"]
    )
    assert [file["document_id"] for file in files] == [row["document_id"] for row in documents]
    assert (files[1]["field"], files[1]["role"], files[1]["mime_type"]) == ("crop", "artifact", "image/jpeg")
    assert await open_blob_store(bench.settings).get(files[1]["storage_key"]) == b"picture of boris"
    await bench.pool.execute("DELETE FROM documents WHERE document_id = $1", documents[1]["document_id"])
    assert await bench.pool.fetchval("SELECT count(*) FROM document_blobs") == 1
    assert await bench.pool.fetchval("SELECT storage_key FROM blob_garbage") == files[1]["storage_key"]


async def test_a_picture_without_faces_is_completed_without_documents(bench: Bench) -> None:
    await add_faces(bench)
    object_id = await bench.upload(b"faces:")
    async with bench.services(), bench.worker():
        assert await bench.settled(object_id) == {object_id: "COMPLETED"}
        assert await bench.documents(object_id, FACES) == []
        record = await bench.pool.fetchrow("SELECT status, error, note FROM processing WHERE object_id = $1", object_id)
        assert record is not None
        assert (record["status"], record["error"]) == ("COMPLETED", None)
        assert record["note"].startswith("NOTHING_FOUND")
        bench.extractor.instead = {b"faces:": TWO}
        await bench.again(object_id, FACES)
    assert len(await bench.documents(object_id, FACES)) == 2
    assert await bench.pool.fetchval("SELECT note FROM processing WHERE object_id = $1", object_id) is None
    await assert_nothing_is_left_to_do(bench.pool)


async def test_a_label_that_came_with_two_faces_is_on_neither(bench: Bench) -> None:
    await add_faces(bench)
    two, one = await bench.upload(TWO, label="Anna", colour="red"), await bench.upload(b"faces:anna", label="Anna")
    async with bench.services(), bench.worker():
        await bench.settled(two, one)
    documents = await bench.documents(two, FACES)
    assert [row["fields"][LABEL] for row in documents] == ["cat", "cat"]
    assert [row["labels"][LABEL]["source"] for row in documents] == ["auto", "auto"]
    assert [row["fields"]["colour"] for row in documents] == ["red", "red"]
    assert await bench.pool.fetchval("SELECT fields ->> $2 FROM objects WHERE object_id = $1", two, LABEL) == "Anna"
    [only] = await bench.documents(one, FACES)
    assert (only["fields"][LABEL], only["labels"][LABEL]["source"]) == ("Anna", "import")
    assert bench.taxonomy.subjects == [two, two]


async def test_a_label_patched_on_two_faces_is_on_neither_and_other_fields_are_on_both(bench: Bench) -> None:
    await add_faces(bench)
    object_id = await bench.upload(TWO)
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
        patched = await patch_object(bench.pool, BUCKET, object_id, {LABEL: "Anna", "colour": "red"}, None)
        assert len(patched.document_ids) == 2
        await bench.again(object_id, FACES)
    documents = await bench.documents(object_id, FACES)
    assert [(row["fields"][LABEL], row["fields"]["colour"]) for row in documents] == [("cat", "red"), ("cat", "red")]
    assert [row["labels"][LABEL]["source"] for row in documents] == ["auto", "auto"]


async def test_in_a_collection_without_taxonomy_no_name_is_given_to_two_faces(bench: Bench) -> None:
    await add_faces(bench, taxonomy=False)
    two, one = await bench.upload(TWO), await bench.upload(b"faces:anna")
    async with bench.services(), bench.worker():
        await bench.settled(two, one)
    for object_id in (two, one):
        await patch_object(bench.pool, BUCKET, object_id, {LABEL: "Anna"}, None)
    assert [row["fields"][LABEL] for row in await bench.documents(two, FACES)] == [None, None]
    assert [row["fields"][LABEL] for row in await bench.documents(one, FACES)] == ["Anna"]


async def test_a_label_of_an_object_is_on_all_parts_of_a_text(bench: Bench) -> None:
    await bench.add_collection("col_texts", taxonomy=True, extractor="text_extractor", mappings={"text": "words"})
    object_id = await bench.upload(b"picture", words="faces:page one,page two")
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
        await patch_object(bench.pool, BUCKET, object_id, {LABEL: "contract"}, None)
        await bench.again(object_id, "col_texts")
    documents = await bench.documents(object_id, "col_texts")
    assert [row["fields"][LABEL] for row in documents] == ["contract", "contract"]
    assert [row["labels"][LABEL]["source"] for row in documents] == ["human", "human"]
    assert documents[0]["internal"]["mime_type"] == "text/plain"
    assert {(item.text, item.mime_type) for item in bench.extractor.seen if item.text} == {
        ("faces:page one,page two", "text/plain")
    }


async def test_a_name_stays_with_its_face_when_others_are_found_before_it(bench: Bench) -> None:
    await add_faces(bench)
    object_id = await bench.upload(b"faces:anna")
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
        await patch_object(bench.pool, BUCKET, object_id, {LABEL: "Anna"}, None)
        [before] = await bench.documents(object_id, FACES)
        bench.extractor.instead = {b"faces:anna": b"faces:clara,anna"}
        await bench.again(object_id, FACES)
        documents = {row["fields"]["seen"]: row for row in await bench.documents(object_id, FACES)}
        assert documents["anna"]["document_id"] == before["document_id"]
        assert (documents["anna"]["fields"][LABEL], documents["clara"]["fields"][LABEL]) == ("Anna", "cat")
        bench.extractor.instead = {b"faces:anna": b"faces:clara"}
        await bench.again(object_id, FACES)
        [clara] = await bench.documents(object_id, FACES)
    assert clara["document_id"] == documents["clara"]["document_id"]
    assert (clara["fields"]["seen"], clara["fields"][LABEL]) == ("clara", "Anna"), "the only one: now it is clear"
    deleted = await bench.pool.fetchval("SELECT subject_id FROM events WHERE event_type = 'document.deleted'")
    assert deleted == before["document_id"]


async def test_documents_of_fields_alone_need_no_extractor(bench: Bench) -> None:
    await bench.add_collection("col_fields", taxonomy=False, extractor="passthrough_extractor")
    object_id = await bench.create([], label="dog", size=7)
    async with bench.services(), bench.worker():
        assert await bench.settled(object_id) == {object_id: "COMPLETED"}
    [document] = await bench.documents(object_id, "col_fields")
    assert document["fields"] == {LABEL: "dog", "colour": "grey", "size": 7}
    assert bench.extractor.inputs == 0
    await patch_object(bench.pool, BUCKET, object_id, {LABEL: "wolf", "size": 8}, None)
    [document] = await bench.documents(object_id, "col_fields")
    assert document["fields"] == {LABEL: "wolf", "colour": "grey", "size": 8}
    assert await bench.pool.fetchval("SELECT count(*) FROM embeddings") == 0


async def test_a_file_that_is_too_large_fails_before_it_is_read(bench: Bench) -> None:
    blob = NewBlob(property="image_url", type="video", storage_key="none", size_bytes=10**9)
    object_id = await bench.create([blob])
    async with bench.services(), bench.worker():
        assert await bench.settled(object_id) == {object_id: "FAILED"}
    error = await bench.pool.fetchval("SELECT error FROM objects WHERE object_id = $1", object_id)
    assert error.startswith("TOO_LARGE: The file has 1000000000 bytes")


async def test_an_answer_that_does_not_fit_into_a_message_fails_at_once(bench: Bench) -> None:
    object_id = await bench.upload(b"a crowd")
    bench.extractor.refusals = [ResourceExhaustedError("Sent message larger than max (134217799 vs. 134217728)")]
    async with bench.services(), bench.worker():
        assert await bench.settled(object_id) == {object_id: "FAILED"}
    error = await bench.pool.fetchval("SELECT error FROM objects WHERE object_id = $1", object_id)
    assert error.startswith("TOO_LARGE: ")
    assert await bench.attempts(object_id) == 1


async def test_a_video_that_takes_too_long_even_alone_is_given_up(bench: Bench) -> None:
    object_id = await bench.create([await video(bench, b"endless")])
    bench.extractor.refusals = [DeadlineError("no time left"), DeadlineError("no time left")]
    async with bench.services(), bench.worker():
        assert await bench.settled(object_id) == {object_id: "FAILED"}
    error = await bench.pool.fetchval("SELECT error FROM objects WHERE object_id = $1", object_id)
    assert error.startswith("TOO_SLOW: ")
    assert await bench.attempts(object_id) == 2


async def test_a_video_that_kills_the_extractor_fails_and_the_pictures_beside_it_do_not(bench: Bench) -> None:
    await add_faces(bench)
    bench.settings = bench.settings.model_copy(update={"max_attempts": 3})
    innocents = [await bench.upload(b"faces:%d" % number) for number in range(10)]
    poison = await bench.create([await video(bench, POISON)])
    async with bench.services(extractor=False), supervised_extractor(bench.settings), bench.worker():
        statuses = await bench.settled(poison, *innocents, seconds=120)
    assert statuses == {**dict.fromkeys(innocents, "COMPLETED"), poison: "FAILED"}
    error = await bench.pool.fetchval("SELECT error FROM objects WHERE object_id = $1", poison)
    assert error == "NO_ANSWER: its processing ended 3 times without an answer."


async def test_what_the_source_filter_refuses_is_completed_without_documents(bench: Bench) -> None:
    source = {"type": "bucket", "source_filters": {"filters": {"field": "colour", "operator": "eq", "value": "red"}}}
    await bench.pool.execute("UPDATE collections SET source = $1", source)
    red, blue = await bench.upload(b"one", colour="red"), await bench.upload(b"two", colour="blue")
    async with bench.services(), bench.worker():
        assert await bench.settled(red, blue) == {red: "COMPLETED", blue: "COMPLETED"}
    assert len(await bench.documents(red)) == 1
    assert await bench.documents(blue) == []
    assert bench.extractor.inputs == 1


async def test_documents_that_were_created_directly_stay_when_the_object_is_processed_again(bench: Bench) -> None:
    object_id = await bench.upload(b"one")
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
        await bench.pool.execute(
            """INSERT INTO documents (document_id, namespace_id, collection_id, bucket_id, object_id, part, fields)
               SELECT 'doc_direct', namespace_id, collection_id, bucket_id, object_id, -1, '{}' FROM documents"""
        )
        await bench.again(object_id)
        await bench.again(object_id)
    assert [row["part"] for row in await bench.documents(object_id)] == [-1, 0]


async def test_an_upload_of_the_same_key_names_no_face_of_two(bench: Bench) -> None:
    await add_faces(bench, taxonomy=False)
    two, one = await bench.upload(TWO), await bench.upload(b"faces:anna")
    async with bench.services(), bench.worker():
        await bench.settled(two, one)
    async with bench.pool.acquire() as connection, connection.transaction():
        for object_id in (two, one):
            await merge_object(connection, object_id, {LABEL: "Anna"}, [], key_prefix=None, process=False)
    assert [row["fields"][LABEL] for row in await bench.documents(two, FACES)] == [None, None]
    assert [row["fields"][LABEL] for row in await bench.documents(one, FACES)] == ["Anna"]


async def test_a_face_that_a_person_rejected_stays_gone(bench: Bench) -> None:
    await add_faces(bench)
    object_id = await bench.upload(TWO, **{LABEL: "Boris"})
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
        anna, boris = await bench.documents(object_id, FACES)
        await reject(bench, anna["document_id"])
        bench.extractor.instead = {TWO: b"faces:clara,anna,boris"}
        await bench.again(object_id, FACES)
        found = {row["document_id"]: row["fields"]["seen"] for row in await bench.documents(object_id, FACES)}
        assert sorted(found.values()) == ["boris", "clara"]
        assert found[boris["document_id"]] == "boris"
        for row in await bench.documents(object_id, FACES):
            await reject(bench, row["document_id"])
        await bench.again(object_id, FACES)
        assert await bench.documents(object_id, FACES) == []
    await assert_nothing_is_left_to_do(bench.pool)


async def test_a_chunk_that_a_person_rejected_stays_gone_while_its_file_is_the_same(bench: Bench) -> None:
    await add_faces(bench)
    await bench.add_collection("col_texts", taxonomy=False, extractor="text_extractor")
    object_id = await bench.upload(TWO)
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
        parts = len(await bench.documents(object_id, "col_texts"))
        assert parts > 1
        await reject(bench, (await bench.documents(object_id, "col_texts"))[0]["document_id"])
        await bench.again(object_id, "col_texts")
        assert [row["part"] for row in await bench.documents(object_id, "col_texts")] == list(range(1, parts))


async def reject(bench: Bench, document_id: str) -> None:
    """Deletes a document as a person does."""
    async with bench.pool.acquire() as connection, connection.transaction():
        assert await delete_documents(connection, Within(namespace_id=NAMESPACE), [document_id]) == [document_id]
