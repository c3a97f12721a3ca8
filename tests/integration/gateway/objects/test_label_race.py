"""A label that a person sets while the worker is writing the document is never lost, whoever comes first."""

import asyncio

import pytest

from services.common.database.documents.write_documents import lock_objects, write_documents
from services.common.database.pool import Pool
from services.common.row_types import DocumentRow
from services.gateway.objects.creation.store import NewBlob, NewObject, create_object
from services.gateway.objects.edits import patch_object

FEATURE_EXTRACTOR = {"field_passthrough": [{"source_path": "label"}]}


@pytest.fixture
async def object_id(pool: Pool) -> str:
    """An object of a bucket with one collection that passes its label through."""
    await pool.execute("INSERT INTO namespaces (namespace_id, namespace_name) VALUES ('ns_1', 'one')")
    await pool.execute(
        "INSERT INTO buckets (bucket_id, namespace_id, bucket_name, bucket_schema) VALUES ('bkt_1', 'ns_1', 'b', '{}')"
    )
    await pool.execute(
        """INSERT INTO collections (collection_id, namespace_id, collection_name, bucket_ids, source, feature_extractor,
                                    extractor, model, feature_uri, dimensions)
           VALUES ('col_1', 'ns_1', 'c', ARRAY['bkt_1'], '{}', $1, 'image_extractor@v1', 'm', 'u', 4)""",
        FEATURE_EXTRACTOR,
    )
    blob = NewBlob(property="image", type="image", source_url="https://h/x.jpg")
    new = NewObject(namespace_id="ns_1", bucket_id="bkt_1", key_prefix=None, fields={"label": None}, blobs=[blob])
    return (await create_object(pool, new)).object_id


async def _ingest(pool: Pool, object_id: str, locked: asyncio.Event, proceed: asyncio.Event) -> None:
    """What the worker's transaction does, paused between its read and its write."""
    async with pool.acquire() as connection, connection.transaction():
        fields = (await lock_objects(connection, [object_id]))[object_id].fields
        locked.set()
        await proceed.wait()
        document = DocumentRow(
            document_id="doc_1",
            namespace_id="ns_1",
            collection_id="col_1",
            bucket_id="bkt_1",
            object_id=object_id,
            part=0,
            fields={"label": fields["label"] or "machine"},
            taxonomy_match={"matched": True, "confidence": 0.9},
            labels={"label": {"source": "auto", "value": "machine"}},
            internal={},
        )
        await write_documents(connection, [document])


async def _label(pool: Pool) -> str:
    value: str = await pool.fetchval("SELECT fields ->> 'label' FROM documents WHERE document_id = 'doc_1'")
    return value


async def test_a_patch_during_an_ingest_waits_and_wins(pool: Pool, object_id: str) -> None:
    locked, proceed = asyncio.Event(), asyncio.Event()
    ingest = asyncio.create_task(_ingest(pool, object_id, locked, proceed))
    await locked.wait()
    patch = asyncio.create_task(patch_object(pool, "bkt_1", object_id, {"label": "person"}, None))
    await asyncio.sleep(0.1)
    assert not patch.done()
    proceed.set()
    await ingest
    assert (await patch).document_ids == ["doc_1"]
    assert await _label(pool) == "person"


async def test_an_ingest_after_a_patch_sees_it(pool: Pool, object_id: str) -> None:
    await patch_object(pool, "bkt_1", object_id, {"label": "person"}, None)
    proceed = asyncio.Event()
    proceed.set()
    await _ingest(pool, object_id, asyncio.Event(), proceed)
    assert await _label(pool) == "person"


async def test_concurrent_uploads_under_one_idempotency_key_make_one_object(pool: Pool, object_id: str) -> None:
    new = NewObject(
        namespace_id="ns_1", bucket_id="bkt_1", key_prefix=None, fields={}, blobs=[], idempotency_key="once"
    )
    made = await asyncio.gather(*(create_object(pool, new) for _ in range(8)))
    assert len({each.object_id for each in made}) == 1
    assert sum(each.replayed_by is None for each in made) == 1
    assert await pool.fetchval("SELECT count(*) FROM objects WHERE object_id <> $1", object_id) == 1
