"""The change log: what commits late is not skipped, and what is read twice does no harm."""

import asyncpg

from services.common.database.pool import Pool, prepare_connection
from services.index.change_log import read_changes

DOCUMENT = """
    INSERT INTO documents (document_id, namespace_id, collection_id, bucket_id, object_id, part, fields)
    VALUES ($1, 'ns_a', 'col_a', 'bkt_a', 'obj_a', $2, '{}')"""


async def seed(pool: Pool) -> None:
    await pool.execute("INSERT INTO namespaces (namespace_id, namespace_name) VALUES ('ns_a', 'a')")
    await pool.execute(
        "INSERT INTO buckets (bucket_id, namespace_id, bucket_name, bucket_schema) VALUES ('bkt_a', 'ns_a', 'a', '{}')"
    )
    await pool.execute(
        """INSERT INTO collections VALUES
           ('col_a', 'ns_a', 'a', NULL, '{bkt_a}', '{}', '{}', 'image_extractor@v1', 'm', 'mixpeek://a@v1/b', 2)"""
    )
    await pool.execute("INSERT INTO objects (object_id, namespace_id, bucket_id) VALUES ('obj_a', 'ns_a', 'bkt_a')")


async def test_a_transaction_that_commits_late_is_not_skipped(pool: Pool, database_url: str) -> None:
    await seed(pool)
    slow = await asyncpg.connect(database_url)
    await prepare_connection(slow)
    transaction = slow.transaction()
    await transaction.start()
    await slow.execute(DOCUMENT, "doc_slow", 0)
    await pool.execute(DOCUMENT, "doc_fast", 1)
    async with pool.acquire() as connection:
        first = await read_changes(connection, 0)
        assert first.document_ids == ("doc_fast",)
        await transaction.commit()
        second = await read_changes(connection, first.position)
        assert "doc_slow" in second.document_ids
        third = await read_changes(connection, second.position)
        assert third.document_ids == ()
    await slow.close()


async def test_every_kind_of_change_is_logged(pool: Pool) -> None:
    await seed(pool)
    async with pool.acquire() as connection:
        await connection.execute(DOCUMENT, "doc_a", 0)
        await connection.execute("INSERT INTO embeddings VALUES ('doc_a', 'mixpeek://a@v1/b', 'm', 1, '\\x003c')")
        position = (await read_changes(connection, 0)).position
        for statement in (
            "UPDATE documents SET fields = '{\"a\": 1}' WHERE document_id = 'doc_a'",
            "UPDATE embeddings SET model = 'n' WHERE document_id = 'doc_a'",
            "DELETE FROM documents WHERE document_id = 'doc_a'",
        ):
            await connection.execute(statement)
            batch = await read_changes(connection, position)
            assert batch.document_ids == ("doc_a",), statement
            position = batch.position
