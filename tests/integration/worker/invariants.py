"""What must hold of the database when the worker has nothing left to do."""

from services.common.database.pool import Pool
from services.common.ids import document_id


async def assert_each_object_has_one_document(pool: Pool, object_ids: list[str], collection_id: str) -> None:
    """Exactly one document per object, under the derived id, with exactly one embedding, told of once."""
    expected = sorted(document_id(collection_id, object_id, 0) for object_id in object_ids)
    documents = await pool.fetch("SELECT document_id FROM documents ORDER BY document_id")
    assert [row["document_id"] for row in documents] == expected
    embeddings = await pool.fetch("SELECT document_id FROM embeddings ORDER BY document_id")
    assert [row["document_id"] for row in embeddings] == expected
    created = await pool.fetch(
        "SELECT subject_id FROM events WHERE event_type = 'document.created' ORDER BY subject_id"
    )
    assert [row["subject_id"] for row in created] == expected


async def assert_nothing_is_left_to_do(pool: Pool) -> None:
    """No job in the queue, no record that is neither COMPLETED nor FAILED, and objects that agree with them."""
    assert await pool.fetchval("SELECT count(*) FROM pgqueuer") == 0
    open_records = await pool.fetch("SELECT * FROM processing WHERE status NOT IN ('COMPLETED', 'FAILED')")
    assert open_records == []
    disagreeing = await pool.fetch(
        """SELECT o.object_id FROM objects o JOIN processing p USING (object_id) GROUP BY o.object_id
           HAVING (bool_or(p.status = 'FAILED') AND o.status <> 'FAILED')
               OR (bool_and(p.status = 'COMPLETED') AND o.status <> 'COMPLETED')"""
    )
    assert disagreeing == []
