"""A namespace is deleted whatever is in it, and there is always a default one."""

import pytest

from services.common.database.buckets.removal import remove_namespace
from services.common.database.pool import Pool
from services.common.errors import AlreadyExistsError
from services.gateway.kit.access.tenants import DEFAULT, Tenants, ensure_default_namespace
from services.gateway.namespaces.store import delete_namespace

FURNISH = """
    INSERT INTO buckets (bucket_id, namespace_id, bucket_name, bucket_schema) VALUES ('bkt', '{0}', 'b', '{{}}');
    INSERT INTO collections (collection_id, namespace_id, collection_name, bucket_ids, source, feature_extractor,
                             extractor)
      VALUES ('col', '{0}', 'c', '{{bkt}}', '{{}}', '{{}}', 'passthrough_extractor@v1');
    INSERT INTO retrievers (retriever_id, namespace_id, retriever_name, collection_identifiers, stages)
      VALUES ('ret', '{0}', 'r', '{{}}', '[]');
    INSERT INTO taxonomies (taxonomy_id, namespace_id, taxonomy_name, config, runs, label_fields)
      VALUES ('tax', '{0}', 't', '{{}}', '[]', '{{x}}');
    INSERT INTO taxonomy_applications (collection_id, position, taxonomy_id, target_collection_id, settings)
      VALUES ('col', 1, 'tax', 'col', '{{}}');
    INSERT INTO objects (object_id, namespace_id, bucket_id) VALUES ('obj', '{0}', 'bkt');
    INSERT INTO blobs (blob_id, object_id, position, property, type, storage_key)
      VALUES ('blob', 'obj', 0, 'p', 'image', '{0}/aa/key');
    INSERT INTO documents (document_id, namespace_id, collection_id, bucket_id, object_id, part, fields)
      VALUES ('doc', '{0}', 'col', 'bkt', 'obj', 0, '{{}}');
    INSERT INTO batches (batch_id, namespace_id, bucket_id, status) VALUES ('btch', '{0}', 'bkt', 'PROCESSING');"""


async def test_everything_in_a_namespace_can_be_deleted_at_once(pool: Pool) -> None:
    namespace_id = await ensure_default_namespace(pool)
    await pool.execute(FURNISH.format(namespace_id))
    async with pool.acquire() as connection, connection.transaction():
        await remove_namespace(connection, namespace_id)
    assert await pool.fetchval("SELECT count(*) FROM taxonomies") == 0
    assert await pool.fetchval("SELECT storage_key FROM blob_garbage") == f"{namespace_id}/aa/key"


async def test_a_running_batch_keeps_a_namespace_until_it_is_forced(pool: Pool) -> None:
    namespace_id = await ensure_default_namespace(pool)
    await pool.execute(FURNISH.format(namespace_id))
    with pytest.raises(AlreadyExistsError, match="batch btch"):
        await delete_namespace(pool, namespace_id, force=False)
    await delete_namespace(pool, namespace_id, force=True)
    assert await pool.fetchval("SELECT status FROM batches") == "CANCELED"


async def test_a_deleted_default_namespace_is_replaced_by_an_empty_one(pool: Pool) -> None:
    tenants, old = Tenants(pool), await ensure_default_namespace(pool)
    assert await tenants.get("") == old
    await delete_namespace(pool, old, force=False)
    tenants.forget()
    new = await tenants.get("")
    assert new != old
    assert await tenants.get(DEFAULT) == new
